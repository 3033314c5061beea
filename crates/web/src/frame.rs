//! The error frame (contract 1.3).

use crate::error::{ApiError, Details};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// An error with what only the door knows of the request.
pub(crate) struct Frame<'a> {
    pub(crate) error: &'a ApiError,
    pub(crate) timestamp: &'a str,
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) request_id: &'a str,
}

impl Serialize for Frame<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("error", self.error.class)?;
        map.serialize_entry("timestamp", self.timestamp)?;
        map.serialize_entry("path", self.path)?;
        map.serialize_entry("method", self.method)?;
        if let Some(message) = &self.error.message {
            map.serialize_entry("message", message)?;
        }
        match &self.error.details {
            Details::Left => {}
            Details::Null => map.serialize_entry("details", &())?,
            Details::Lines(lines) => map.serialize_entry("details", lines)?,
        }
        map.serialize_entry("code", self.error.code)?;
        map.serialize_entry("request_id", self.request_id)?;
        if let Some(current) = &self.error.current {
            map.serialize_entry("current", current)?;
        }
        map.end()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn frame(error: &ApiError) -> serde_json::Value {
        json!(Frame {
            error,
            timestamp: "t",
            path: "/x?y=1",
            method: "GET",
            request_id: "r"
        })
    }

    #[test]
    fn keys_of_each_kind() {
        let expected = json!({"error":"Validation error","timestamp":"t","path":"/x?y=1","method":"GET",
            "message":"Invalid submission ID","details":null,"code":"invalid_input","request_id":"r"});
        assert_eq!(
            frame(&ApiError::validation("Invalid submission ID")),
            expected
        );
        let expected = json!({"error":"Route not found","timestamp":"t","path":"/x?y=1","method":"GET",
            "code":"route_not_found","request_id":"r"});
        assert_eq!(frame(&ApiError::route_not_found()), expected);
        let fields = frame(&ApiError::fields(vec!["full_name is required".to_owned()]));
        assert_eq!(fields["message"], "Validation failed");
        assert_eq!(fields["details"], json!(["full_name is required"]));
    }
}
