//! Restarts the pods of one deployment. See `wit/kube-restart.wit` for what it takes and `README.md` for the build.

mod answer;
mod names;
mod request;
mod time;

wit_bindgen::generate!({
    path: "wit",
    world: "kube-restart-tool",
    generate_all,
});

use cellblock::host::http::{send, Error as HttpError};
use exports::cellblock::samples::kube_restart::{Guest, RestartError, Restarted};
use request::Restart;

struct KubeRestart;
export!(KubeRestart);

impl Guest for KubeRestart {
    fn restart(api_server: String, namespace: String, target: String, restarted_at: String) -> Result<Restarted, RestartError> {
        let restart = Restart::check(&api_server, &namespace, &target, &restarted_at)?;
        let response = send(&restart.request()).map_err(no_response)?;
        answer::read(&restart, &response)
    }
}

/// The host's words hold no secrets, and say what the operator would have to change.
fn no_response(error: HttpError) -> RestartError {
    match error {
        HttpError::Denied(why) => RestartError::Denied(why),
        HttpError::Unreachable(why) => RestartError::Unreachable(why),
        HttpError::TimedOut => RestartError::TimedOut,
        HttpError::Invalid(why) => RestartError::NoAnswer(format!("the request cannot be sent: {why}")),
        HttpError::TooLarge(most) => RestartError::NoAnswer(format!("more than {most} bytes")),
        HttpError::TooManyRedirects => RestartError::NoAnswer("too many redirects".into()),
    }
}
