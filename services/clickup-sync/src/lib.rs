//! Keeps ClickUp and the system of record equal; alone in calling ClickUp
