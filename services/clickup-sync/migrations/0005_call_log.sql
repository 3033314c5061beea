-- The log of calls in full: whose turn it was, ClickUp's code of a refusal, and how large the budget was. And one index for each
-- question that people ask it; all go by time and then id, newest first, page by page.
ALTER TABLE sync.api_calls
    ADD COLUMN lane       smallint,
    ADD COLUMN ecode      text,
    ADD COLUMN call_limit integer;

DROP INDEX sync.api_calls_at;
CREATE INDEX api_calls_by_time ON sync.api_calls (at, id);
CREATE INDEX api_calls_of_submission ON sync.api_calls (submission_id, at, id) WHERE submission_id IS NOT NULL;
CREATE INDEX api_calls_of_chain ON sync.api_calls (correlation_id, at, id) WHERE correlation_id IS NOT NULL;
CREATE INDEX api_calls_failed ON sync.api_calls (at, id) WHERE outcome <> 'ok';
