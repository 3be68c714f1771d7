//! Structs and enums as CBOR arrays: fields in their written order, enums with a number in front.
//!
//! Numbers and positions are for ever; a new field is a new version of the type.

/// `positional!(Type { a, b })`: the array `[a, b]`, at most 16 fields.
macro_rules! positional {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                ($(&self.$field,)+).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let ($($field,)+) = serde::Deserialize::deserialize(deserializer)?;
                Ok(Self { $($field),+ })
            }
        }
    };
}

/// `tagged!(Type { 1 => Variant { field: a, 0: b } })`: the array `[1, a, b]`; tuple fields by their index.
macro_rules! tagged {
    ($type:ident { $($tag:literal => $variant:ident { $($field:tt : $bind:ident),* }),+ $(,)? }) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                match self {
                    $($type::$variant { $($field: $bind),* } => ($tag as u8, $($bind,)*).serialize(serializer),)+
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                struct Tagged;
                impl<'de> serde::de::Visitor<'de> for Tagged {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a tagged ", stringify!($type)))
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<$type, A::Error> {
                        let missing = || serde::de::Error::custom(concat!("a short ", stringify!($type)));
                        match seq.next_element::<u8>()?.ok_or_else(missing)? {
                            $($tag => {
                                $(let $bind = seq.next_element()?.ok_or_else(missing)?;)*
                                Ok($type::$variant { $($field: $bind),* })
                            })+
                            other => Err(serde::de::Error::custom(format!("unknown {} {other}", stringify!($type)))),
                        }
                    }
                }
                deserializer.deserialize_seq(Tagged)
            }
        }
    };
}

/// `octets!(Type, what)`: a byte string, for types over `Arc<[u8]>`.
macro_rules! octets {
    ($type:ident) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_bytes(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let bytes: &[u8] = serde::Deserialize::deserialize(deserializer)?;
                Ok($type(bytes.into()))
            }
        }
    };
}

pub(crate) use {octets, positional, tagged};
