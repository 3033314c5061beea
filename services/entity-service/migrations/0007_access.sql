-- Who may come in: staff accounts, their sessions, API tokens, and how often somebody has tried.

CREATE TABLE entity.staff (
    id                   uuid PRIMARY KEY,
    username             text NOT NULL CONSTRAINT staff_username_unique UNIQUE
                         CONSTRAINT staff_username_spelling CHECK (username ~ '^[a-z0-9._@-]{3,64}$'),
    full_name            text NOT NULL CONSTRAINT staff_full_name_length CHECK (length(full_name) <= 200),
    role                 text NOT NULL CONSTRAINT staff_role_known CHECK (role IN ('viewer', 'manager', 'admin')),
    -- Argon2id in the PHC text form, with its parameters and salt
    password_hash        text NOT NULL CONSTRAINT staff_password_hashed CHECK (password_hash LIKE '$argon2id$%'),
    must_change_password boolean NOT NULL,
    disabled_at          timestamptz,
    last_sign_in_at      timestamptz,
    version              bigint NOT NULL DEFAULT 1,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL
);

-- A secret of 256 random bits needs no slow hash: nobody can try them all. What stands here opens nothing.
CREATE TABLE entity.staff_sessions (
    digest     bytea PRIMARY KEY CONSTRAINT staff_sessions_digest_length CHECK (length(digest) = 32),
    staff_id   uuid NOT NULL CONSTRAINT staff_sessions_staff REFERENCES entity.staff (id),
    created_at timestamptz NOT NULL,
    -- written at most once a minute
    used_at    timestamptz NOT NULL
);
CREATE INDEX staff_sessions_staff_id ON entity.staff_sessions (staff_id);
CREATE INDEX staff_sessions_used_at ON entity.staff_sessions (used_at);

CREATE TABLE entity.api_tokens (
    id           uuid PRIMARY KEY,
    -- never given twice, because the audit log names tokens by it
    name         text NOT NULL CONSTRAINT api_tokens_name_unique UNIQUE
                 CONSTRAINT api_tokens_name_spelling CHECK (name ~ '^[a-z0-9._@-]{3,64}$'),
    role         text NOT NULL CONSTRAINT api_tokens_role_known CHECK (role IN ('viewer', 'manager', 'admin')),
    -- empty: all that the role may
    scopes       text[] NOT NULL,
    -- as the audit log names who made it
    created_by   text NOT NULL,
    -- the account that made it, if one did: the token goes with it, and never may more than it
    owner        uuid CONSTRAINT api_tokens_owner REFERENCES entity.staff (id),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    -- written at most once a minute
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_tokens_owner_id ON entity.api_tokens (owner);

-- A token has one secret, and two while it is being replaced.
CREATE TABLE entity.api_token_secrets (
    digest      bytea PRIMARY KEY CONSTRAINT api_token_secrets_digest_length CHECK (length(digest) = 32),
    token_id    uuid NOT NULL CONSTRAINT api_token_secrets_token REFERENCES entity.api_tokens (id),
    -- first characters, to tell tokens apart
    hint        text NOT NULL,
    created_at  timestamptz NOT NULL,
    -- set when a newer secret takes over
    works_until timestamptz
);
CREATE INDEX api_token_secrets_token_id ON entity.api_token_secrets (token_id);

-- Attempts to sign in, by name and by address. Both are kept as digests: people type passwords into the wrong field,
-- and addresses are personal data.
CREATE TABLE entity.sign_in_attempts (
    subject        bytea PRIMARY KEY CONSTRAINT sign_in_attempts_subject_length CHECK (length(subject) = 32),
    failures       integer NOT NULL,
    last_at        timestamptz NOT NULL,
    blocked_until  timestamptz
);
CREATE INDEX sign_in_attempts_last_at ON entity.sign_in_attempts (last_at);
