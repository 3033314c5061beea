-- Applications that the honeypot caught. They are no submissions yet: nobody sees them but the staff who settle them.
CREATE TABLE entity.quarantined_applications (
    id            uuid PRIMARY KEY,
    -- as they came, by name; personal data
    fields        jsonb NOT NULL,
    -- trimmed and lower-cased, so that an erasure finds it
    email_key     text NOT NULL,
    reason        text NOT NULL,
    at            timestamptz NOT NULL,
    state         text NOT NULL DEFAULT 'waiting'
        CONSTRAINT quarantined_applications_state_known CHECK (state IN ('waiting', 'released', 'dismissed')),
    submission_id bigint CONSTRAINT quarantined_applications_submission REFERENCES entity.submissions (id),
    settled_at    timestamptz,
    CONSTRAINT quarantined_applications_settled CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CONSTRAINT quarantined_applications_released CHECK ((state = 'released') = (submission_id IS NOT NULL))
);
CREATE INDEX quarantined_applications_waiting ON entity.quarantined_applications (id) WHERE state = 'waiting';
CREATE INDEX quarantined_applications_email_key ON entity.quarantined_applications (email_key);
