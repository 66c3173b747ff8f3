import { readFileSync } from 'node:fs'
import { symlink, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import protobuf from 'protobufjs/minimal.js'
import { describe, expect, it } from 'vitest'
import { parseSentencePieceModel, pieceKinds, readSentencePieceModel } from '../../../src/engine/checkpoint/sentencepiece-model.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { llamaCheckpoint, readConverted } from '../../helpers/converted.ts'
import { mutations } from '../../helpers/mutations.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const bytes = new Uint8Array(readFileSync(join(llamaCheckpoint('vicuna'), 'tokenizer.model')))
const parse = (data: Uint8Array) => parseSentencePieceModel(data, 'tokenizer.model')

type Fill = (writer: protobuf.Writer) => unknown

function message(...fills: Fill[]): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const fill of fills) fill(writer)
  return writer.finish()
}

const inside = (field: number, content: Uint8Array) => (writer: protobuf.Writer) => writer.uint32((field << 3) | 2).bytes(content)
const piece = (text: Uint8Array | string, ...more: Fill[]) =>
  inside(
    1,
    message((writer) => writer.uint32(10).bytes(typeof text === 'string' ? Buffer.from(text) : text), ...more),
  )
const kind = (value: number) => (writer: protobuf.Writer) => writer.uint32(24).int32(value)
const trainer = (value: number) => inside(2, message(kind(value)))
const bpe = trainer(2)

describe('parseSentencePieceModel', () => {
  it('reads a model that SentencePiece trained', () => {
    const { pieces, prefixed } = parse(bytes)
    const { metadata } = readConverted('vicuna')
    const tokens = metadata['tokenizer.ggml.tokens']?.value as string[]
    const scores = metadata['tokenizer.ggml.scores']?.value as number[]
    expect([...pieces.keys()]).toEqual([...pieces.keys()].map((_, i) => i))
    expect(pieces.size).toBe(tokens.indexOf('<image>'))
    for (const [id, { text }] of pieces) expect(text).toBe(tokens[id])
    // The settings mark the first three.
    for (const [id, { score }] of pieces) if (id > 2) expect(score).toBe(scores[id])
    expect([0, 1, 2, 3, 4].map((id) => pieces.get(id)?.kind)).toEqual([2, 3, 3, 4, 6])
    expect(prefixed).toBe(true)
    const yi = new Uint8Array(readFileSync(join(llamaCheckpoint('yi'), 'tokenizer.model')))
    expect(parse(yi).prefixed).toBe(false)
  })

  it("fills in the format's defaults and skips unknown fields", () => {
    const unknown: Fill = (writer) =>
      writer
        .uint32((17 << 3) | 1)
        .fixed64(7)
        .uint32((18 << 3) | 5)
        .fixed32(7)
        .uint32((19 << 3) | 0)
        .uint32(7)
    const { pieces, prefixed } = parse(message(unknown, piece('a', unknown), bpe))
    expect(pieces).toEqual(new Map([[0, { text: 'a', score: 0, kind: pieceKinds.normal }]]))
    expect(prefixed).toBe(true)
  })

  const notFinite = (writer: protobuf.Writer) => writer.uint32((2 << 3) | 5).float(Number.NaN)
  const tooLong = Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00)
  const crossing = message(inside(1, Uint8Array.of(0x0a, 0x09, 0x61)), piece('a long one that follows it'), bpe)
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /no pieces/],
    ['no pieces', message(bpe), /no pieces/],
    ['text', Buffer.from('<!doctype html><html></html>'), /not a SentencePiece model/],
    ['a pointer to a large file', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /not a SentencePiece model/],
    ['a length beyond the end', tooLong, /truncated/],
    ['a text beyond its piece', crossing, /longer than the message that contains it/],
    ['a text that is not UTF-8', message(piece(Uint8Array.of(0xff, 0xfe)), bpe), /encoded data was not valid/],
    ['an invalid kind', message(piece('a', kind(7)), bpe), /has the type 7/],
    ['a NaN score', message(piece('a', notFinite), bpe), /score NaN/],
    ['endlessly nested groups', Buffer.alloc(1_000_000, 0x1b), /not a SentencePiece model/],
  ])('rejects %s', (_, data, why) => {
    expect(() => parse(data)).toThrow(expect.objectContaining({ code: 'model-damaged', message: expect.stringMatching(why) }))
  })

  it.each<[string, Uint8Array]>([
    ['unigram', message(piece('a'), trainer(1))],
    ['an unspecified kind', message(piece('a'))],
    [
      'spaces that are not replaced',
      message(
        piece('a'),
        bpe,
        inside(
          3,
          message((writer) => writer.uint32(5 << 3).bool(false)),
        ),
      ),
    ],
  ])('does not support %s', (_, data) => {
    expect(() => parse(data)).toThrow(expect.objectContaining({ code: 'model-unsupported' }))
  })

  it('reads or rejects any bytes', () => {
    const harmless = (data: Uint8Array) => {
      try {
        const wrong = [...parse(data).pieces.values()].some(({ score, kind }) => !Number.isFinite(score) || kind < 1 || kind > 6)
        if (wrong) throw new Error('read what no piece can be')
      } catch (error) {
        if (!(error instanceof TarsierError)) throw error
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), harmless), mutations(100))
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(damage, (changes) => {
        const copy = bytes.slice()
        for (const [at, value] of changes) copy[at] = value
        harmless(copy)
      }),
      mutations(100),
    )
    // All pieces are alike; the fields after them differ.
    for (let length = 0; length < bytes.length; length += length < 300 || length > bytes.length - 900 ? 1 : 7)
      harmless(bytes.subarray(0, length))
  })
})

describe('readSentencePieceModel', () => {
  it('finds none, and rejects a file of impossible size and a link out of the folder', async () => {
    await using folder = await ScratchFolder.make()
    expect(await readSentencePieceModel(folder.directory)).toBeNull()
    const path = await folder.write('tokenizer.model', '')
    await truncate(path, 33_000_000)
    await expect(readSentencePieceModel(folder.directory)).rejects.toMatchObject({
      code: 'model-damaged',
      message: expect.stringMatching(/too large/),
    })
    await using other = await ScratchFolder.make()
    await symlink(path, other.path('tokenizer.model'))
    await expect(readSentencePieceModel(other.directory)).rejects.toMatchObject({
      code: 'model-damaged',
      message: expect.stringMatching(/outside/),
    })
  })
})
