-- The ClickUp account that somebody set up by hand; one of the settings goes before it. One row.
CREATE TABLE sync.account (
    only_one     boolean PRIMARY KEY DEFAULT true CONSTRAINT account_only_one CHECK (only_one),
    sealed_token text NOT NULL,
    team_id      text NOT NULL,
    list_id      text NOT NULL,
    -- where ClickUp finds the webhook gateway; NULL = as the settings say
    webhook_url  text,
    at           timestamptz NOT NULL,
    actor        text NOT NULL
);
