import { z } from 'zod'
import { appVersion } from '../service/version.ts'
import { clipEventsSchema } from '../shared/clip-events.ts'
import { CLIPS_PATH } from '../shared/contract/addresses.ts'
import { errorDataSchema } from '../shared/contract/base.ts'
import { errorCodeInfo, errorCodes } from '../shared/error-codes.ts'
import { supportReportSchema } from '../shared/support-report.ts'
import { chatRequestSchema } from './openai/request.ts'
import { apiErrorSchema, chunkSchema, completionSchema, modelSchema } from './openai/response.ts'
import { checkChunkSchema, checkRequestSchema, eventsChunkSchema, eventsRequestSchema } from './openai/video-request.ts'

const schemas = {
  ChatRequest: chatRequestSchema,
  ChatCompletion: completionSchema,
  ChatCompletionChunk: chunkSchema,
  EventsRequest: eventsRequestSchema,
  ClipEvents: clipEventsSchema,
  EventsChunk: eventsChunkSchema,
  CheckRequest: checkRequestSchema,
  SupportReport: supportReportSchema,
  CheckChunk: checkChunkSchema,
  Model: modelSchema,
  ApiError: apiErrorSchema,
  ErrorData: errorDataSchema,
} as const

/**
 * Returns the OpenAPI 3.1 document of `tarsier serve`: the OpenAI-compatible API, uploads and downloads of clips, and health. Its schemas are
 * generated from the zod schemas that validate requests and type responses. The page's procedures under `/rpc` are not included, because they
 * use oRPC's protocol.
 */
export function openApiDocument(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tarsier',
      version: appVersion(),
      description: 'Describes videos and pictures and answers questions about them, on the machine that runs the server.',
    },
    servers: [{ url: 'http://127.0.0.1:7860' }],
    security: [{ token: [] }],
    paths: {
      '/v1/chat/completions': {
        post: operation('Answers a conversation about clips and pictures', 'ApiError', {
          requestBody: { required: true, content: json('ChatRequest') },
          ok: {
            description: 'The answer; with `stream` as server-sent events that end with `[DONE]`.',
            content: { ...json('ChatCompletion'), 'text/event-stream': { schema: reference('ChatCompletionChunk') } },
          },
        }),
      },
      '/v1/videos/events': {
        post: operation('Describes a clip segment by segment and finds out when its events happen', 'ApiError', {
          requestBody: { required: true, content: json('EventsRequest') },
          ok: {
            description:
              'The events; with `stream` progress, each finished segment and the result as server-sent events that end with `[DONE]`.',
            content: { ...json('ClipEvents'), 'text/event-stream': { schema: reference('EventsChunk') } },
          },
        }),
      },
      '/v1/videos/check': {
        post: operation('Tells how much a clip supports each sentence and word of a text', 'ApiError', {
          requestBody: { required: true, content: json('CheckRequest') },
          ok: {
            description: 'The support; with `stream` progress and the result as server-sent events that end with `[DONE]`.',
            content: { ...json('SupportReport'), 'text/event-stream': { schema: reference('CheckChunk') } },
          },
        }),
      },
      '/v1/models': {
        get: operation('Lists the installed models', 'ApiError', {
          ok: {
            description: 'All imported models, and the demo model.',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  required: ['object', 'data'],
                  properties: { object: { const: 'list' }, data: { type: 'array', items: reference('Model') } },
                },
              },
            },
          },
        }),
      },
      '/v1/models/{model}': {
        get: operation('Returns one model', 'ApiError', {
          parameters: [pathParameter('model', 'Name of the model.')],
          ok: { description: 'The model.', content: json('Model') },
        }),
      },
      [CLIPS_PATH]: {
        post: operation('Uploads a clip', 'ErrorData', {
          status: 201,
          parameters: [{ name: 'name', in: 'query', schema: { type: 'string' }, description: 'File name to show for the clip.' }],
          requestBody: { required: true, content: { 'application/octet-stream': {} } },
          ok: {
            description: 'Properties of the clip, with its handle.',
            content: { 'application/json': { schema: { type: 'object' } } },
          },
        }),
      },
      [`${CLIPS_PATH}/{handle}`]: {
        get: operation('Returns the file of a clip; supports byte ranges', 'ErrorData', {
          parameters: [pathParameter('handle', 'The id returned by the upload.')],
          ok: { description: 'The unchanged file.', content: { '*/*': {} } },
        }),
      },
      '/openapi.json': {
        get: operation('Returns this document', null, { ok: { description: 'This document.', content: { 'application/json': {} } } }),
      },
      '/health': {
        get: {
          summary: 'Returns the state of the server and its processes',
          security: [],
          responses: {
            200: { description: 'The server works, or a process temporarily does not respond.', content: { 'application/json': {} } },
            503: {
              description: 'A process crashed or hung too often and is temporarily not restarted.',
              content: { 'application/json': {} },
            },
          },
        },
      },
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'The token that "tarsier serve" printed.' } },
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, jsonSchema(schema)])),
    },
  }
}

type SchemaName = keyof typeof schemas

interface Operation {
  readonly ok: object
  /** Status of a successful response. Defaults to 200. */
  readonly status?: number
  readonly parameters?: readonly object[]
  readonly requestBody?: object
}

/** @param error schema of errors on this path; null for none */
function operation(summary: string, error: SchemaName | null, { ok, status = 200, ...rest }: Operation): object {
  const failures =
    error === null ? {} : { default: { description: `An error. Its code determines the status: ${statuses()}.`, content: json(error) } }
  return { summary, ...rest, responses: { [status]: ok, 401: { description: 'The token is missing or wrong.' }, ...failures } }
}

/** Lists error codes by status, such as `400 usage, not-media; 404 file-missing`. */
function statuses(): string {
  const byStatus = new Map<number, string[]>()
  for (const code of errorCodes) byStatus.set(errorCodeInfo[code].http, [...(byStatus.get(errorCodeInfo[code].http) ?? []), code])
  return [...byStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, codes]) => `${status} ${codes.join(', ')}`)
    .join('; ')
}

function pathParameter(name: string, description: string): object {
  return { name, in: 'path', required: true, schema: { type: 'string' }, description }
}

function json(name: SchemaName): object {
  return { 'application/json': { schema: reference(name) } }
}

function reference(name: SchemaName): object {
  return { $ref: `#/components/schemas/${name}` }
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}
