//! ZIP archives by hand, right and wrong.

/// A member, with all that the archive says of it.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Its bytes in the archive.
    pub(crate) stored: Vec<u8>,
    /// 0 for stored members, 8 for deflated ones.
    pub(crate) method: u16,
    pub(crate) size: usize,
    pub(crate) crc: u32,
    /// What follows the name in its local header.
    pub(crate) extra: Vec<u8>,
    /// The length that the local header says of that.
    pub(crate) extra_len: usize,
}

impl Member {
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        Member {
            name: name.to_owned(),
            stored: content.to_vec(),
            method: 0,
            size: content.len(),
            crc: crc32fast::hash(content),
            extra: Vec::new(),
            extra_len: 0,
        }
    }

    /// The same member deflated, into blocks that are stored as they are.
    pub(crate) fn deflated(mut self) -> Self {
        let mut stored = Vec::new();
        let mut blocks = self.stored.chunks(0xffff).peekable();
        while let Some(block) = blocks.next() {
            let len = u16::try_from(block.len()).unwrap();
            stored.push(u8::from(blocks.peek().is_none()));
            stored.extend(len.to_le_bytes());
            stored.extend((!len).to_le_bytes());
            stored.extend(block);
        }
        if stored.is_empty() {
            stored = vec![1, 0, 0, 0xff, 0xff];
        }
        (self.method, self.stored) = (8, stored);
        self
    }
}

/// The members of an archive, as another reader of the format finds them.
pub(crate) fn members_of(file: &[u8]) -> Vec<Member> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).unwrap();
    let count = archive.len();
    let member = |index| {
        let mut member = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        std::io::copy(&mut member, &mut content).unwrap();
        Member::new(&member.name().unwrap(), &content)
    };
    (0..count).map(member).collect()
}

/// An archive of stored members, with a zip entry for each.
pub(crate) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let members: Vec<Member> =
        members.iter().map(|(name, content)| Member::new(name, content)).collect();
    archive_of(&members)
}

/// An archive of these members.
pub(crate) fn archive_of(members: &[Member]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    let long = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    for member in members {
        let offset = file.len();
        let mut common = vec![0; 4];
        common.extend(member.method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(member.crc.to_le_bytes());
        common.extend(long(member.stored.len()));
        common.extend(long(member.size));
        common.extend(short(member.name.len()));
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(short(member.extra_len));
        file.extend(member.name.as_bytes());
        file.extend(&member.extra);
        file.extend(&member.stored);
        directory.extend(b"PK\x01\x02\0\0");
        directory.extend(&common);
        directory.extend([0; 12]);
        directory.extend(long(offset));
        directory.extend(member.name.as_bytes());
    }
    let (start, size) = (long(file.len()), long(directory.len()));
    let count = short(members.len());
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count);
    file.extend(count);
    file.extend(size);
    file.extend(start);
    file.extend([0, 0]);
    file
}

/// An archive with a pickle and some storages.
pub(crate) fn checkpoint(pickle: &[u8], storages: &[(&str, &[u8])]) -> Vec<u8> {
    let mut members: Vec<(String, &[u8])> = vec![("a/data.pkl".to_owned(), pickle)];
    members.extend(storages.iter().map(|&(key, bytes)| (format!("a/data/{key}"), bytes)));
    members.push(("a/version".to_owned(), b"3\n"));
    let members: Vec<(&str, &[u8])> =
        members.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    archive(&members)
}
