import { describe, expect, test } from 'vitest'
import { apiError, placed } from '../../../src/serve/openai/errors.ts'
import { ignoredFields } from '../../../src/serve/openai/ignored-fields.ts'
import { processorOptionsOf, readRequest } from '../../../src/serve/openai/request.ts'
import { requestedSampling, samplingOfChoice } from '../../../src/serve/openai/sampling.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

const manifest = { generation: { maxTokens: 256, temperature: 0.7, topP: 0.8 } }
const request = (more: object = {}) => readRequest({ model: 'demo', messages: [{ role: 'user', content: 'Hi' }], ...more })
const sampling = (more: object) => requestedSampling(request(more), manifest).sampling

describe('errors name the part of the request', () => {
  test.each([
    [
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'x' },
              { type: 'input_audio', input_audio: {} },
            ],
          },
        ],
      },
      'messages.0.content.1.type',
    ],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 7 } }] }] }, 'messages.0.content.0.image_url.url'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages.0.role'],
    [{ messages: 'x' }, 'messages'],
    [{ temperature: 9 }, 'temperature'],
    [{ n: 9 }, 'n'],
    [{ logprobs: true, top_logprobs: 21 }, 'top_logprobs'],
    [{ top_logprobs: 2 }, 'top_logprobs'],
    [{ tools: [{}], tool_choice: 'required' }, 'tool_choice'],
    [{ tools: [{}], tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice'],
    [{ functions: [{}], function_call: { name: 'f' } }, 'function_call'],
    [{ response_format: { type: 'structural_tag' } }, 'response_format.type'],
    [{ mm_processor_kwargs: { num_frames: 2, fps: 1 } }, 'mm_processor_kwargs'],
    [{ mm_processor_kwargs: { min_pixels: 9, max_pixels: 8 } }, 'mm_processor_kwargs'],
    [{ mm_processor_kwargs: { num_frames: 0 } }, 'mm_processor_kwargs.num_frames'],
  ])('%j', (more, param) => {
    expect(() => request(more)).toThrow(expect.objectContaining({ code: 'usage', details: { param } }))
  })

  test.each([
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'array', items: { type: 'text' } } } } },
      'response_format.json_schema.schema.items',
    ],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'array', uniqueItems: true } } } },
      'response_format.json_schema.schema',
    ],
    [{ guided_regex: '(?=x)' }, 'guided_regex'],
    [{ guided_json: '{' }, 'guided_json'],
    [{ guided_choice: ['a'], grammar: 'root ::= "a"' }, 'grammar'],
  ])('of a requested answer form: %j', (more, param) => {
    expect(() => requestedSampling(request(more), manifest)).toThrow(expect.objectContaining({ code: 'usage', details: { param } }))
  })

  test('without a path of this machine', () => {
    const path = '/home/me/.tarsier/cache/api/0f3a'
    const thrown = new TarsierError('not-media', `${path} is no video.`, { details: { path } })
    expect(apiError(placed(thrown, new Map([[path, 'messages.0.content.1']])), []).body.error).toEqual({
      message: 'messages.0.content.1 is no video.',
      type: 'invalid_request_error',
      param: 'messages.0.content.1',
      code: 'not-media',
    })
    for (const message of [
      `${path} is damaged.`,
      `Could not open "${path}": no.`,
      'C:\\Users\\me\\models\\x.gguf is damaged.',
      'See file:///home/me/x.',
    ])
      expect(apiError(new Error(message), []).body.error.message).not.toMatch(/home|Users/)
    expect(apiError(new TarsierError('model-missing', 'GET /v1/models lists them: 1/2.'), []).body.error.message).toContain(
      'GET /v1/models lists them: 1/2.',
    )
    expect(apiError(new TarsierError('context-full', 'x'), []).body.error).toMatchObject({
      code: 'context_length_exceeded',
      param: 'messages',
    })
  })
})

describe('accepts values of other servers', () => {
  test.each([
    [{ top_k: -1 }, { topK: 0 }],
    [{ top_p: 0 }, { topP: 1, topK: 1 }],
    [
      { top_p: null, temperature: null, max_tokens: null },
      { topP: 0.8, temperature: 0.7, maxTokens: 256 },
    ],
    [{ max_tokens: 1_000_000 }, { maxTokens: 32_768 }],
    [{ max_tokens: -1 }, { maxTokens: 32_768 }],
    [{ max_tokens: 5, max_completion_tokens: 7 }, { maxTokens: 7 }],
    [{ stop: '' }, { stop: [] }],
    [{ stop: ['a', ''] }, { stop: ['a'] }],
    [{ seed: 2 ** 40 + 3 }, { seed: (2 ** 40 + 3) % 0xffffffff }],
    [{ seed: -5 }, { seed: 0xffffffff - 5 }],
    [{ repeat_penalty: 1.1 }, { repeatPenalty: 1.1 }],
    [{ logprobs: true }, { logprobs: 0 }],
    [{ logprobs: true, top_logprobs: 3 }, { logprobs: 3 }],
    [{ response_format: { type: 'text' } }, { stop: [] }],
  ])('%j', (more, wanted) => {
    expect(sampling(more)).toMatchObject(wanted)
  })

  test('gives each choice its own seed, and none without a seed', () => {
    const { seed, ...rest } = sampling({ seed: 0xfffffffe })
    expect([0, 1, 2].map((choice) => samplingOfChoice({ ...rest, seed }, choice).seed)).toEqual([0xfffffffe, 0, 1])
    expect(sampling({ seed: -1 }).seed).toBeUndefined()
    expect(samplingOfChoice(rest, 3).seed).toBeUndefined()
  })

  test.each([
    [{ mm_processor_kwargs: { num_frames: 4, max_pixels: 9 } }, { frames: 4, maxPixels: 9 }],
    [{ mm_processor_kwargs: { size: { shortest_edge: 100, longest_edge: 900 } } }, { minPixels: 100, maxPixels: 900 }],
    [{ media_io_kwargs: { video: { num_frames: 4 } } }, { frames: 4 }],
    [{ media_io_kwargs: { video: { num_frames: -1 } } }, { frames: -1 }],
    [{ media_io_kwargs: { video: { num_frames: 4, fps: 2 } } }, { fps: 2, maxFrames: 4 }],
    [{ media_io_kwargs: { video: { num_frames: -1, fps: 2 } } }, { fps: 2 }],
    [{ media_io_kwargs: { video: { num_frames: 32, fps: -1 } } }, { frames: 32 }],
    [{ media_io_kwargs: { video: { num_frames: 4 } }, mm_processor_kwargs: { fps: 1 } }, { fps: 1 }],
  ])('of clips: %j', (more, requestFields) => {
    expect(processorOptionsOf(request(more))).toEqual(requestFields)
  })
})

describe('reports parameters without effect', () => {
  test.each([
    [{ frequency_penalty: 0.5 }, 'frequency_penalty'],
    [{ logit_bias: { 5: -100 } }, 'logit_bias'],
    [{ user: 'me' }, 'user'],
    [{ fancy: 1 }, 'fancy'],
    [{ tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
    [{ mm_processor_kwargs: { do_rescale: false } }, 'mm_processor_kwargs.do_rescale'],
    [{ media_io_kwargs: { image: {} } }, 'media_io_kwargs.image'],
    [{ stream_options: { include_usage: true } }, 'stream_options'],
    [{ messages: [{ role: 'user', name: 'Ann', content: 'Hi' }] }, 'messages.0.name'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x', detail: 'low' } }] }] },
      'messages.0.content.0.image_url.detail',
    ],
  ])('%j', (more, field) => {
    expect(ignoredFields(request(more))).toEqual([expect.stringContaining(field)])
  })

  test('but not default values', () => {
    const clientDefaults = {
      frequency_penalty: 0,
      presence_penalty: 0,
      logit_bias: {},
      store: false,
      modalities: ['text'],
      user: null,
      n: 1,
    }
    expect(ignoredFields(request({ ...clientDefaults, tools: [], stream: true, stream_options: { include_usage: true } }))).toEqual([])
    expect(ignoredFields(request({ tools: [{}], tool_choice: 'none' }))).toEqual([])
  })

  test('of a schema, unsupported keywords', () => {
    const schema = { type: 'array', items: { type: 'number', multipleOf: 0.5 }, uniqueItems: true }
    const { warnings } = requestedSampling(
      request({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }),
      manifest,
    )
    expect(warnings).toEqual([expect.stringContaining('uniqueItems'), expect.stringContaining('items: "multipleOf"')])
  })
})
