-- Owns the tables; database/seed.json holds what they start with.
CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL
);
