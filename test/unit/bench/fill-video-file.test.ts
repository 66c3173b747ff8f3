import { describe, expect, it } from 'vitest'
import { fillVideoFile } from '../../../src/bench/fill-video-file.ts'

describe('filling in the path of a clip', () => {
  it.each([
    ['{"idx": 1.0, "video_file": "<placeholder>", "n": 1e400}', '{"idx": 1.0, "video_file": "/v/1.mp4", "n": 1e400}'],
    ['{"image":{"image_file" : "<placeholder>"}}', '{"image":{"image_file" : "/v/1.mp4"}}'],
    // Only the clip's own field: neither inside texts nor where a path is already set.
    [
      String.raw`{"text":"say \"video_file\": \"<placeholder>\"","video_file":"<placeholder>"}`,
      String.raw`{"text":"say \"video_file\": \"<placeholder>\"","video_file":"/v/1.mp4"}`,
    ],
    [String.raw`{"a":"\\","video_file":"<placeholder>"}`, String.raw`{"a":"\\","video_file":"/v/1.mp4"}`],
    ['{"prompt":"<placeholder>","video_file":"/w/2.mp4"}', '{"prompt":"<placeholder>","video_file":"/w/2.mp4"}'],
    ['["video_file","<placeholder>"]', '["video_file","<placeholder>"]'],
    // A clip may be a list of pictures.
    ['{"video_file": ["<placeholder>", "b.png" ,"<placeholder>"]}', '{"video_file": ["/v/1.mp4", "b.png" ,"/v/1.mp4"]}'],
    ['{"video_file":["a.png"],"list":["<placeholder>"]}', '{"video_file":["a.png"],"list":["<placeholder>"]}'],
    ['{"list":["video_file",["<placeholder>"]]}', '{"list":["video_file",["<placeholder>"]]}'],
  ])('%j becomes %j', (line, filled) => {
    expect(fillVideoFile(line, '/v/1.mp4')).toBe(filled)
  })

  it('fills in the pictures of a clip as a list', () => {
    const pictures = ['/v/1/1.jpg', '/v/1/2.jpg']
    expect(fillVideoFile('{"video_file":"<placeholder>","idx":1}', pictures)).toBe('{"video_file":["/v/1/1.jpg","/v/1/2.jpg"],"idx":1}')
    expect(fillVideoFile('{"video_file":["<placeholder>"]}', pictures)).toBe('{"video_file":["/v/1/1.jpg","/v/1/2.jpg"]}')
  })

  it('escapes the path', () => {
    expect(JSON.parse(fillVideoFile('{"video_file":"<placeholder>"}', '/a "b"\\$1$&\n.mp4'))).toEqual({ video_file: '/a "b"\\$1$&\n.mp4' })
  })

  it('accepts texts of any length', () => {
    const line = JSON.stringify({ text: 'x"\\'.repeat(3_000_000), video_file: '<placeholder>' })
    expect(JSON.parse(fillVideoFile(line, '1.mp4'))).toHaveProperty('video_file', '1.mp4')
  })
})
