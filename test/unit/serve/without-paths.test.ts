import { homedir } from 'node:os'
import { expect, it } from 'vitest'
import { withoutPaths } from '../../../src/serve/without-paths.ts'

const folders = ['/srv/My Films', '/Users/ann/Library/Application Support/Tarsier', '/data']
const clean = (text: string) => withoutPaths(text, folders)

it.each([
  ['/home/me/My Videos/clip.mp4 is damaged.', 'a file of this server is damaged.'],
  ['/home/me/My Videos/my clip.mp4 is damaged.', 'a file of this server is damaged.'],
  ['/home/me/Ann’s & Bob’s, 2020 (old)/a.mp4 is damaged.', 'a file of this server is damaged.'],
  ["/home/me/Ann's films/a(1).mp4 is damaged.", 'a file of this server is damaged.'],
  [
    "The clip could not be read: ENOENT: no such file, open '/home/me/a b/c'",
    "The clip could not be read: ENOENT: no such file, open 'a file of this server'",
  ],
  ['/a/b c/d could not be moved to /e/f g/h.', 'a file of this server could not be moved to a file of this server.'],
  ['C:\\Users\\Ann Lee\\My Videos\\a.mp4 is damaged', 'a file of this server is damaged'],
  ['\\\\box\\my films\\a.mp4 is damaged', 'a file of this server is damaged'],
  ['file:///home/me/My%20Videos/a.mp4 does not exist.', 'a file of this server does not exist.'],
  // Known folders, also those whose last name has a space or that are the only one in the path.
  ['There is no space in /srv/My Films. Delete some.', 'There is no space in a file of this server. Delete some.'],
  ['/Users/ann/Library/Application Support/Tarsier is full', 'a file of this server is full'],
  ['/Users/ann/Library/Application Support/Tarsier/models/a is damaged', 'a file of this server is damaged'],
  ['Cannot write to /data: EROFS', 'Cannot write to a file of this server: EROFS'],
  [`${homedir()}/a is damaged`, 'a file of this server is damaged'],
])('%s', (message, wanted) => {
  expect(clean(message)).toBe(wanted)
})

it.each([
  'The model "x" does not exist. GET /v1/models lists the installed models.',
  'POST /nowhere does not exist on this server.',
  'max_tokens was reduced to 3/4 of the context.',
  'The request to https://example.org/a/b failed: 404.',
  'The body of /metrics is text/plain.',
  'messages/data and/or frames are missing.',
  'clip:///films/a.mp4 is not the address of a file.',
  '/dataset is unknown.',
])('leaves %j as it is', (message) => {
  expect(clean(message)).toBe(message)
})
