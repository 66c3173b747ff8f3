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
  // Events of clips with times. `moments` are what is searched of them: the texts of their segments and events, with seconds.
  `
  CREATE TABLE clip_events (
    clip INTEGER PRIMARY KEY REFERENCES clips (key) ON DELETE CASCADE,
    settings TEXT NOT NULL,
    found TEXT NOT NULL,
    created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX clip_events_by_time ON clip_events (created);

  CREATE TABLE moments (
    key INTEGER PRIMARY KEY,
    clip INTEGER NOT NULL REFERENCES clip_events (clip) ON DELETE CASCADE ON UPDATE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('event', 'segment')),
    start REAL NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX moments_by_clip ON moments (clip, start);

  CREATE VIRTUAL TABLE moment_words USING fts5 (text, content = 'moments', content_rowid = 'key', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
  CREATE TRIGGER moments_added AFTER INSERT ON moments BEGIN
    INSERT INTO moment_words (rowid, text) VALUES (new.key, new.text);
  END;
  CREATE TRIGGER moments_removed AFTER DELETE ON moments BEGIN
    INSERT INTO moment_words (moment_words, rowid, text) VALUES ('delete', old.key, old.text);
  END;
  CREATE TRIGGER moments_changed AFTER UPDATE OF text ON moments BEGIN
    INSERT INTO moment_words (moment_words, rowid, text) VALUES ('delete', old.key, old.text);
    INSERT INTO moment_words (rowid, text) VALUES (new.key, new.text);
  END;

  ALTER TABLE turns ADD COLUMN timed TEXT;
  -- The times of an answer are those of its text.
  CREATE TRIGGER turns_retold AFTER UPDATE OF text ON turns WHEN new.text <> old.text BEGIN
    UPDATE turns SET timed = NULL WHERE key = new.key;
  END;
  `,
  // Earlier answers to a question, without the one that the turn has, whose number is `turns.version`. Files that a batch could not open.
  `
  CREATE TABLE turn_versions (
    turn INTEGER NOT NULL REFERENCES turns (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    text TEXT NOT NULL,
    settings TEXT NOT NULL,
    model TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT,
    error TEXT,
    timed TEXT,
    created INTEGER NOT NULL,
    PRIMARY KEY (turn, version)
  ) STRICT;
  ALTER TABLE turns ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE batches ADD COLUMN refused TEXT;
  `,
  // Earlier answers are searched too. A key of their own, since implicit row ids may change.
  `
  ALTER TABLE turn_versions RENAME TO versions_without_key;
  CREATE TABLE turn_versions (
    key INTEGER PRIMARY KEY,
    turn INTEGER NOT NULL REFERENCES turns (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    text TEXT NOT NULL,
    settings TEXT NOT NULL,
    model TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT,
    error TEXT,
    timed TEXT,
    created INTEGER NOT NULL,
    UNIQUE (turn, version)
  ) STRICT;
  CREATE VIRTUAL TABLE version_words USING fts5 (text, content = 'turn_versions', content_rowid = 'key', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
  CREATE TRIGGER versions_added AFTER INSERT ON turn_versions BEGIN
    INSERT INTO version_words (rowid, text) VALUES (new.key, new.text);
  END;
  CREATE TRIGGER versions_removed AFTER DELETE ON turn_versions BEGIN
    INSERT INTO version_words (version_words, rowid, text) VALUES ('delete', old.key, old.text);
  END;
  INSERT INTO turn_versions (turn, version, text, settings, model, state, answer, error, timed, created)
    SELECT turn, version, text, settings, model, state, answer, error, timed, created FROM versions_without_key;
  DROP TABLE versions_without_key;
  `,
  // A new answer in the place of an empty one could take the number of another answer. The answers of such turns are numbered again, the present one, as
  // the newest, after the one with its number. Negative numbers keep each change from meeting a number that is still in use.
  `
  CREATE TABLE numbers AS
    SELECT turn, key, row_number() OVER (PARTITION BY turn ORDER BY version, key IS NULL) - 1 AS number FROM (
      SELECT turn, key, version FROM turn_versions
      UNION ALL SELECT key, NULL, version FROM turns WHERE version <> 0 OR key IN (SELECT turn FROM turn_versions)
    );
  UPDATE turn_versions SET version = -1 - number FROM numbers WHERE numbers.key = turn_versions.key;
  UPDATE turn_versions SET version = -1 - version;
  UPDATE turns SET version = number FROM numbers WHERE numbers.turn = turns.key AND numbers.key IS NULL;
  DROP TABLE numbers;
  `,
  // The indices keep the texts in the form of `searchable`, a function of the program, which also finds words of scripts without spaces. The texts are added by the
  // triggers of `search-index.ts`. Marks are parts of words, as in Thai and Hindi.
  `
  DROP TRIGGER turns_added;
  DROP TRIGGER turns_removed;
  DROP TRIGGER turns_changed;
  DROP TRIGGER clips_added;
  DROP TRIGGER clips_removed;
  DROP TRIGGER clips_changed;
  DROP TRIGGER moments_added;
  DROP TRIGGER moments_removed;
  DROP TRIGGER moments_changed;
  DROP TRIGGER versions_added;
  DROP TRIGGER versions_removed;

  DROP TABLE turn_words;
  CREATE VIRTUAL TABLE turn_words USING fts5 (question, text, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'", prefix = '2 3');
  INSERT INTO turn_words (rowid, question, text) SELECT key, searchable(question), searchable(text) FROM turns;
  CREATE TRIGGER turns_removed AFTER DELETE ON turns BEGIN
    DELETE FROM turn_words WHERE rowid = old.key;
  END;

  DROP TABLE clip_words;
  CREATE VIRTUAL TABLE clip_words USING fts5 (name, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'", prefix = '2 3');
  INSERT INTO clip_words (rowid, name) SELECT key, searchable(name) FROM clips;
  CREATE TRIGGER clips_removed AFTER DELETE ON clips BEGIN
    DELETE FROM clip_words WHERE rowid = old.key;
  END;

  DROP TABLE moment_words;
  CREATE VIRTUAL TABLE moment_words USING fts5 (text, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'", prefix = '2 3');
  INSERT INTO moment_words (rowid, text) SELECT key, searchable(text) FROM moments;
  CREATE TRIGGER moments_removed AFTER DELETE ON moments BEGIN
    DELETE FROM moment_words WHERE rowid = old.key;
  END;

  DROP TABLE version_words;
  CREATE VIRTUAL TABLE version_words USING fts5 (text, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'", prefix = '2 3');
  INSERT INTO version_words (rowid, text) SELECT key, searchable(text) FROM turn_versions;
  CREATE TRIGGER versions_removed AFTER DELETE ON turn_versions BEGIN
    DELETE FROM version_words WHERE rowid = old.key;
  END;
  `,
]
