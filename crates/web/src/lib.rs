//! HTTP set-up: the error frame, request ids, security headers, CORS, limits
