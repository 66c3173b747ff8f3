import { expect, it } from 'vitest'
import { mediaTypeOf } from '../../../../src/bench/run/video-type.ts'

it.each([
  ['video', 'mov,mp4,m4a,3gp,3g2,mj2', 'h264', 'video/mp4'],
  ['video', 'matroska,webm', 'vp9', 'video/webm'],
  ['video', 'matroska,webm', 'hevc', 'video/x-matroska'],
  ['video', 'avi', 'mpeg4', 'video/x-msvideo'],
  ['video', 'asf', 'wmv3', 'video/x-ms-wmv'],
  ['video', 'mpegts', 'h264', 'video/mp2t'],
  ['video', 'ogg', 'theora', 'video/ogg'],
  ['video', 'mxf', 'mpeg2video', 'application/octet-stream'],
  ['gif', 'gif', 'gif', 'image/gif'],
  ['gif', 'webp', 'webp', 'image/webp'],
  ['gif', 'apng', 'apng', 'image/apng'],
  ['image', 'jpeg', 'jpeg', 'image/jpeg'],
  ['image', 'bmp_pipe', 'bmp', 'image/bmp'],
] as const)('a %s in %s by %s is %s', (kind, container, codec, type) => {
  expect(mediaTypeOf({ kind, container, codec })).toBe(type)
})
