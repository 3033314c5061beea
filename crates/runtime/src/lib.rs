//! What every process needs: configuration, telemetry, lifecycle, admin listener, clock
