//! What the API server answered. It is somebody else's text: read by a parser, and only what was asked for is passed on.

use serde_json::Value;

use crate::cellblock::host::http::Response;
use crate::exports::cellblock::samples::kube_restart::{Answer, RestartError, Restarted};
use crate::request::{Restart, RESTARTED_AT};

const MESSAGE_CHARS_MAX: usize = 500;
/// Longer than any that etcd counts up to.
const VERSION_BYTES_MAX: usize = 64;

pub fn read(restart: &Restart, response: &Response) -> Result<Restarted, RestartError> {
    let value: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    let status = response.status;
    if status == 200 {
        let unexpected = || RestartError::Unexpected(Answer { status, message: "no deployment with this restart".into() });
        return restarted(restart, &value).ok_or_else(unexpected);
    }
    let answer = Answer { status, message: message_of(&value) };
    Err(match status {
        401 => RestartError::Unauthenticated(answer),
        403 => RestartError::Forbidden(answer),
        404 => RestartError::NotFound(answer),
        409 => RestartError::Conflict(answer),
        _ => RestartError::Unexpected(answer),
    })
}

/// The deployment that was asked for, with the time that was asked for; nothing less is a restart.
fn restarted(restart: &Restart, deployment: &Value) -> Option<Restarted> {
    let metadata = deployment.get("metadata")?;
    let is_ours = deployment.get("kind")? == "Deployment"
        && metadata.get("namespace")? == restart.namespace
        && metadata.get("name")? == restart.name;
    let spec = deployment.get("spec")?;
    let time = spec.get("template")?.get("metadata")?.get("annotations")?.get(RESTARTED_AT)?;
    if !is_ours || time != restart.time {
        return None;
    }
    let version = metadata.get("resourceVersion")?.as_str().filter(|version| is_version(version))?;
    let paused = spec.get("paused").and_then(Value::as_bool).unwrap_or(false);
    Some(Restarted {
        resource_version: version.into(),
        generation: metadata.get("generation")?.as_u64()?,
        paused,
        summary: summary(restart, paused),
    })
}

fn summary(Restart { namespace, name, .. }: &Restart, paused: bool) -> String {
    let until = if paused { ", once it is resumed" } else { "" };
    format!("restarted deployment/{name} in namespace {namespace}{until}")
}

fn is_version(version: &str) -> bool {
    (1..=VERSION_BYTES_MAX).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The message of a `Status`, in one line that cannot play tricks on a terminal.
fn message_of(status: &Value) -> String {
    let message = status.get("message").and_then(Value::as_str).unwrap_or("");
    message.chars().take(MESSAGE_CHARS_MAX).map(|char| if is_plain(char) { char } else { ' ' }).collect()
}

/// No control characters, and none that turn, hide or break a line.
fn is_plain(char: char) -> bool {
    !char.is_control()
        && !matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
