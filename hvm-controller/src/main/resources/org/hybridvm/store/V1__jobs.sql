-- SPDX-License-Identifier: Apache-2.0
-- What changes of a job, and apart from it what a batch job needs to be started; sum is the CRC-32 of the text.
CREATE TABLE job (
	number INTEGER PRIMARY KEY,
	record TEXT NOT NULL,
	sum INTEGER NOT NULL
);
CREATE TABLE batch (
	number INTEGER PRIMARY KEY,
	spec TEXT NOT NULL,
	sum INTEGER NOT NULL
);
-- Numbers are never given twice, even after the records that had them are gone.
CREATE TABLE counter (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
);
