-- SPDX-License-Identifier: Apache-2.0
-- Requests that had an Idempotency-Key. digest: of the whole request; answer: JSON, NULL while it is being done.
CREATE TABLE request (
	caller INTEGER NOT NULL,
	key TEXT NOT NULL,
	time INTEGER NOT NULL,
	digest TEXT NOT NULL,
	answer TEXT,
	PRIMARY KEY (caller, key)
);
CREATE INDEX request_time ON request (time);
