-- Secrets are sealed from here on. The first start seals what stands in the old column and empties it, in one transaction;
-- until it has, a killed start loses nothing. Afterwards nothing writes the old column any more: a process of an earlier
-- version that still runs is refused rather than let it put a secret there again.
ALTER TABLE webhook.endpoints
    ADD COLUMN sealed_secrets text[] NOT NULL DEFAULT '{}',
    ALTER COLUMN secrets SET DEFAULT '{}',
    ADD CONSTRAINT endpoints_sealed_or_plain CHECK (cardinality(sealed_secrets) = 0 OR cardinality(secrets) = 0);
COMMENT ON COLUMN webhook.endpoints.secrets IS 'of earlier versions; empty since its values are sealed';
