//! gRPC set-up: service token, deadlines, trace context, error mapping, health, reflection
