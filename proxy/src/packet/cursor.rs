//! Reading the fields of a payload: total, never past the end.

/// The payload ends or says something impossible in the middle of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed packet: {0}")]
pub(crate) struct Malformed(pub &'static str);

/// A position in a payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub fn new(payload: &'a [u8]) -> Self {
        Cursor(payload)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Exactly `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Malformed("it ends inside a field"))?;
        self.0 = tail;
        Ok(head)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, tail) = self.0.split_first_chunk().ok_or(Malformed("it ends inside a number"))?;
        self.0 = tail;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A length-encoded integer; 0xfb (NULL) and 0xff (error) are not integers.
    pub fn length(&mut self) -> Result<u64, Malformed> {
        Ok(match self.u8()? {
            0xfb | 0xff => return Err(Malformed("a length is expected")),
            0xfc => self.u16()?.into(),
            0xfd => {
                let [a, b, c] = self.array()?;
                u32::from_le_bytes([a, b, c, 0]).into()
            }
            0xfe => self.u64()?,
            small => small.into(),
        })
    }

    /// A length-encoded string.
    pub fn counted(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.length()?).map_err(|_| Malformed("a length is beyond the packet"))?;
        self.bytes(length)
    }

    /// Up to a NUL, which is taken too; without one, everything that is left, as MySQL's server reads it.
    pub fn terminated(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|&b| b == 0);
        let (text, tail) = match end {
            Some(end) => (&self.0[..end], &self.0[end + 1..]),
            None => (self.0, &self.0[..0]),
        };
        self.0 = tail;
        text
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_width_and_what_is_none() {
        let cases: [(&[u8], Result<u64, ()>); 8] = [
            (&[0xfa], Ok(250)),
            (&[0xfb], Err(())),
            (&[0xff], Err(())),
            (&[0xfc, 1, 2], Ok(0x0201)),
            (&[0xfd, 1, 2, 3], Ok(0x03_0201)),
            (&[0xfe, 1, 0, 0, 0, 0, 0, 0, 0x80], Ok(0x8000_0000_0000_0001)),
            (&[0xfc, 1], Err(())),
            (&[], Err(())),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Cursor::new(bytes).length().map_err(|_| ()), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_string_longer_than_the_packet_is_refused_without_allocating() {
        assert!(Cursor::new(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, b'x']).counted().is_err());
        assert_eq!(Cursor::new(&[2, b'h', b'i', b'!']).counted(), Ok(&b"hi"[..]));
    }

    #[test]
    fn a_missing_nul_takes_the_rest() {
        let mut cursor = Cursor::new(b"root\0shop");
        assert_eq!((cursor.terminated(), cursor.terminated(), cursor.is_empty()), (&b"root"[..], &b"shop"[..], true));
    }
}
