-- SPDX-License-Identifier: Apache-2.0
-- What happened on this node, in order. AUTOINCREMENT: a number is never given twice, even after its row is gone.
CREATE TABLE event (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	facts TEXT NOT NULL
);
