//! Names of Kubernetes objects, as `kubectl-plan` checks them.
//!
//! INVARIANT: what passes here has only `a-z`, `0-9`, `-` and single dots between those, so it can stand in a path as it is:
//! no `/`, no `%`, no part that is `.` or `..`.
//! Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/. A part of a name may be longer there;
//! RFC 1123 is followed here.

use crate::exports::cellblock::samples::kube_restart::NameFault;

const LABEL_BYTES_MAX: usize = 63;
const NAME_BYTES_MAX: usize = 253;

/// One RFC 1123 label.
pub fn check_namespace(text: &str) -> Result<(), NameFault> {
    check(text, LABEL_BYTES_MAX, is_label_byte)
}

/// RFC 1123 labels with dots between them.
pub fn check_name(text: &str) -> Result<(), NameFault> {
    check(text, NAME_BYTES_MAX, |byte| is_label_byte(byte) || byte == b'.')
}

fn check(text: &str, bytes_max: usize, is_good: impl Fn(u8) -> bool) -> Result<(), NameFault> {
    if text.is_empty() {
        return Err(NameFault::Empty);
    }
    // Characters are counted: a text of other ones than ASCII has another fault first.
    if text.chars().count() > bytes_max {
        return Err(NameFault::TooLong);
    }
    if !text.bytes().all(is_good) {
        return Err(NameFault::BadCharacter);
    }
    text.split('.').try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), NameFault> {
    if part.len() > LABEL_BYTES_MAX {
        return Err(NameFault::TooLong);
    }
    let is_edge_bad = part.is_empty() || part.starts_with('-') || part.ends_with('-');
    if is_edge_bad {
        Err(NameFault::BadEdge)
    } else {
        Ok(())
    }
}

fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}
