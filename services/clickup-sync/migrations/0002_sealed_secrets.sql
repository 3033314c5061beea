-- Secrets of webhooks are sealed from here on. The first start seals what stands in the old columns and empties them, in one
-- transaction; until it has, a killed start loses nothing. Afterwards nothing writes the old columns any more: a process of
-- an earlier version that still runs is refused rather than let it put a secret there again.
ALTER TABLE sync.webhooks
    ADD COLUMN sealed_secret text,
    ADD COLUMN sealed_previous_secret text,
    ADD CONSTRAINT webhooks_sealed_or_plain CHECK (
        (sealed_secret IS NULL AND sealed_previous_secret IS NULL) OR (secret IS NULL AND previous_secret IS NULL));
COMMENT ON COLUMN sync.webhooks.secret IS 'of earlier versions; empty since its value is sealed';
COMMENT ON COLUMN sync.webhooks.previous_secret IS 'of earlier versions; empty since its value is sealed';
