-- SPDX-License-Identifier: Apache-2.0
-- Who may come over TCP. Of the token itself only its SHA-256 is kept; times are milliseconds since 1970.
CREATE TABLE token (
	id TEXT PRIMARY KEY,
	hash BLOB NOT NULL,
	user TEXT NOT NULL,
	role TEXT NOT NULL,
	note TEXT NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL
);
