/** Schema migrations: the n-th converts version n - 1 to version n. Released migrations must not be changed; add new ones instead. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE clips (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    folder TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    modified REAL NOT NULL,
    hash TEXT,
    facts TEXT NOT NULL,
    thumbnail BLOB,
    uploaded INTEGER NOT NULL,
    created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX clips_by_path ON clips (path);
  CREATE INDEX clips_by_bytes ON clips (bytes);

  CREATE TABLE chats (
    id TEXT PRIMARY KEY,
    clip INTEGER NOT NULL REFERENCES clips (key) ON DELETE CASCADE,
    title TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX chats_by_clip ON chats (clip);
  CREATE INDEX chats_by_time ON chats (updated, id);

  CREATE TABLE turns (
    key INTEGER PRIMARY KEY,
    chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    question TEXT NOT NULL,
    text TEXT NOT NULL,
    settings TEXT NOT NULL,
    model TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped', 'cut-off', 'failed')),
    answer TEXT,
    error TEXT,
    created INTEGER NOT NULL,
    UNIQUE (chat, position)
  ) STRICT;
  CREATE INDEX turns_by_model ON turns (model);

  CREATE VIRTUAL TABLE turn_words USING fts5 (question, text, content = 'turns', content_rowid = 'key', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
  CREATE TRIGGER turns_added AFTER INSERT ON turns BEGIN
    INSERT INTO turn_words (rowid, question, text) VALUES (new.key, new.question, new.text);
  END;
  CREATE TRIGGER turns_removed AFTER DELETE ON turns BEGIN
    INSERT INTO turn_words (turn_words, rowid, question, text) VALUES ('delete', old.key, old.question, old.text);
  END;
  CREATE TRIGGER turns_changed AFTER UPDATE OF question, text ON turns BEGIN
    INSERT INTO turn_words (turn_words, rowid, question, text) VALUES ('delete', old.key, old.question, old.text);
    INSERT INTO turn_words (rowid, question, text) VALUES (new.key, new.question, new.text);
  END;

  CREATE VIRTUAL TABLE clip_words USING fts5 (name, content = 'clips', content_rowid = 'key', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
  CREATE TRIGGER clips_added AFTER INSERT ON clips BEGIN
    INSERT INTO clip_words (rowid, name) VALUES (new.key, new.name);
  END;
  CREATE TRIGGER clips_removed AFTER DELETE ON clips BEGIN
    INSERT INTO clip_words (clip_words, rowid, name) VALUES ('delete', old.key, old.name);
  END;
  CREATE TRIGGER clips_changed AFTER UPDATE OF name ON clips BEGIN
    INSERT INTO clip_words (clip_words, rowid, name) VALUES ('delete', old.key, old.name);
    INSERT INTO clip_words (rowid, name) VALUES (new.key, new.name);
  END;

  CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    question TEXT,
    settings TEXT NOT NULL,
    skip_described INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'done')),
    created INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE batch_items (
    id TEXT PRIMARY KEY,
    batch TEXT NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    clip INTEGER NOT NULL REFERENCES clips (key) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'skipped')),
    chat TEXT REFERENCES chats (id) ON DELETE SET NULL,
    error TEXT,
    milliseconds REAL,
    UNIQUE (batch, position)
  ) STRICT;
  CREATE INDEX batch_items_by_state ON batch_items (batch, state, position);
  CREATE INDEX batch_items_by_clip ON batch_items (clip);
  CREATE INDEX batch_items_by_chat ON batch_items (chat);

  CREATE TABLE model_jobs (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    created INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
  `,
  // A clip is a file that the user opened, and several clips may have the same content: uploads share one copy and have separate names.
  `
  ALTER TABLE clips ADD COLUMN given TEXT NOT NULL DEFAULT '';
  UPDATE clips SET given = CASE uploaded WHEN 1 THEN name ELSE path END;
  CREATE INDEX clips_by_hash ON clips (hash);
  `,
]
