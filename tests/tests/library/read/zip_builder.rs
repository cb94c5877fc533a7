//! ZIP archives by hand, right and wrong.

/// An archive of stored members, with a zip entry for each.
pub(crate) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let offset = u32::try_from(file.len()).unwrap();
        let crc = crc32fast::hash(content).to_le_bytes();
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let mut common = vec![0; 2];
        common.extend([0; 8]);
        for part in [&crc[..], &size, &size, &name_len, &[0, 0]] {
            common.extend(part);
        }
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(*content);
        directory.extend(b"PK\x01\x02\0\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = u32::try_from(file.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count);
    file.extend(count);
    file.extend(size.to_le_bytes());
    file.extend(start.to_le_bytes());
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
