//! The one request that is ever sent: what `kubectl rollout restart` sends.
//!
//! A changed annotation of the pod template is what makes the controller replace its pods. `fieldManager` is kubectl's, too, so that
//! the annotation has one owner whoever restarts.
//! Source: kubectl's `rollout_restart.go` and `polymorphichelpers/objectrestarter.go`; `kubectl -v=8 rollout restart`.

use crate::cellblock::host::http::{Header, Request};
use crate::exports::cellblock::samples::kube_restart::RestartError;
use crate::names::{check_name, check_namespace};
use crate::time::is_utc_time;

/// The annotation that has the time of the last restart.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

const HOSTNAME_BYTES_MAX: usize = 253;

/// A restart whose parts were checked: they stand in the request as they are.
pub struct Restart<'a> {
    api_server: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    pub time: &'a str,
}

impl<'a> Restart<'a> {
    pub fn check(api_server: &'a str, namespace: &'a str, target: &'a str, time: &'a str) -> Result<Self, RestartError> {
        if !is_origin(api_server) {
            return Err(RestartError::BadApiServer);
        }
        check_namespace(namespace).map_err(RestartError::BadNamespace)?;
        let name = target.strip_prefix("deployment/").ok_or(RestartError::BadTarget)?;
        check_name(name).map_err(RestartError::BadName)?;
        if !is_utc_time(time) {
            return Err(RestartError::BadTime);
        }
        Ok(Self { api_server, namespace, name, time })
    }

    pub fn request(&self) -> Request {
        let Self { api_server, namespace, name, time } = self;
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}");
        let body = format!(r#"{{"spec":{{"template":{{"metadata":{{"annotations":{{"{RESTARTED_AT}":"{time}"}}}}}}}}}}"#);
        Request {
            method: "PATCH".into(),
            url: format!("{api_server}{path}?fieldManager=kubectl-rollout"),
            headers: vec![header("accept", "application/json"), header("content-type", "application/strategic-merge-patch+json")],
            body: Some(body.into_bytes()),
        }
    }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.into(), value: value.into() }
}

/// Whether `text` is `https://`, a hostname or an address, and perhaps a port: nothing that could change where the path begins.
/// Whether the host is a good one is for the grant to say.
fn is_origin(text: &str) -> bool {
    let Some(authority) = text.strip_prefix("https://") else { return false };
    let (host, port) = match authority.rfind(':') {
        Some(at) if !authority.ends_with(']') => (&authority[..at], Some(&authority[at + 1..])),
        _ => (authority, None),
    };
    let is_port =
        |port: &str| !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_host(host) && port.map_or(true, is_port)
}

fn is_host(host: &str) -> bool {
    if host.is_empty() || host.len() > HOSTNAME_BYTES_MAX {
        return false;
    }
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    check_name(host).is_ok()
}
