//! Archives of programs whose parts a fuzzer writes: the pickles and the code of TorchScript, the JSON of an exported
//! program. As bytes of a ZIP archive nearly all changes would be wrong checksums.

/// An archive of what the bytes say: the kind in the first of them, then the parts.
pub fn of_bytes(bytes: &[u8]) -> Vec<u8> {
    let (&kind, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let mut parts = split(rest);
    let mut next = || parts.next().unwrap_or_default().to_vec();
    let storage = [0u8; 64];
    if kind % 2 == 0 {
        let (pickle, code, more, constants) = (next(), next(), next(), next());
        archive(&[
            ("x/data.pkl", &pickle),
            ("x/code/__torch__.py", &code),
            ("x/code/__torch__/a.py", &more),
            ("x/constants.pkl", &constants),
            ("x/data/0", &storage),
            ("x/constants/0", &storage),
        ])
    } else {
        let (model, weights, constants) = (next(), next(), next());
        archive(&[
            ("x/archive_format", b"pt2"),
            ("x/models/model.json", &model),
            ("x/data/weights/model_weights_config.json", &weights),
            ("x/data/constants/model_constants_config.json", &constants),
            ("x/data/weights/weight_0", &storage),
            ("x/data/constants/tensor_0", &storage),
        ])
    }
}

/// The mark between two parts.
const MARK: &[u8] = b"\n====\n";

fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = bytes.windows(MARK.len()).position(|window| window == MARK);
        rest = end.and_then(|end| bytes.get(end + MARK.len()..));
        Some(&bytes[..end.unwrap_or(bytes.len())])
    })
}

/// A ZIP archive of stored members without checksums.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let at = u32::try_from(file.len()).expect("small");
        let size = u32::try_from(content.len()).expect("small").to_le_bytes();
        let name_len = u16::try_from(name.len()).expect("short").to_le_bytes();
        // Version, flags, method, time and date; no checksum.
        let middle =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &size, &size, &name_len, &[0, 0]]
                .concat();
        file.extend([b"PK\x03\x04".as_slice(), &middle, name.as_bytes(), content].concat());
        directory.extend(
            [b"PK\x01\x02\x14\0".as_slice(), &middle, &[0; 10], &at.to_le_bytes(), name.as_bytes()]
                .concat(),
        );
    }
    let (start, len) = (file.len(), directory.len());
    file.extend(directory);
    let count = u16::try_from(members.len()).expect("few").to_le_bytes();
    file.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count].concat());
    file.extend(u32::try_from(len).expect("small").to_le_bytes());
    file.extend(u32::try_from(start).expect("small").to_le_bytes());
    file.extend([0, 0]);
    file
}
