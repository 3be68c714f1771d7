#!/bin/sh
# Shows: a replica that joins a database on its first start and only serves on later ones. The ticket that the inviting
# replica printed is read from $HEADWATERS_TICKET_FILE, once that file is there; it is a secret, and good for one use.
set -eu
if [ ! -e "$HEADWATERS_DATA/genesis" ]; then
  until [ -s "$HEADWATERS_TICKET_FILE" ]; do sleep 1; done
  headwaters join "$(cat "$HEADWATERS_TICKET_FILE")"
fi
exec headwaters start
