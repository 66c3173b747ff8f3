/** What a user can do in the page about an error. */
export type ErrorAction = 'retry' | 'fewer-frames' | 'other-device' | 'other-file' | 'models' | 'locate' | 'reload'

/** What an error code means to each side of the program. */
interface ErrorCodeInfo {
  /** Status of an HTTP answer that fails with it. */
  readonly http: 400 | 403 | 404 | 409 | 413 | 500 | 502 | 503 | 507
  /** Exit status of a command that fails with it, by its name in `src/cli/exit-codes.ts`. */
  readonly exit: 'failed' | 'usage' | 'unavailable' | 'tryLater' | 'denied'
  /** Heading in the page; the error's own sentence stands below it. */
  readonly label: string
  readonly actions: readonly ErrorAction[]
}

/**
 * Every failure that a user can meet, by its stable code. The code crosses process and network boundaries; the sentence beside it says what to
 * do. Codes are never renamed: scripts and saved results rely on them.
 */
export const errorCodeInfo = {
  // what was asked
  usage: { http: 400, exit: 'usage', label: 'Invalid request', actions: [] },
  'invalid-range': { http: 400, exit: 'failed', label: 'The range contains no frames', actions: [] },
  // files and media
  'file-missing': { http: 404, exit: 'failed', label: 'File not found', actions: ['locate', 'retry'] },
  'file-unreadable': { http: 400, exit: 'failed', label: 'The file cannot be read', actions: ['retry', 'other-file'] },
  'file-empty': { http: 400, exit: 'failed', label: 'The file is empty', actions: ['other-file'] },
  'not-media': { http: 400, exit: 'failed', label: 'Not a video, image or GIF', actions: ['other-file'] },
  'no-video': { http: 400, exit: 'failed', label: 'The file contains no video or image', actions: ['other-file'] },
  'no-frames': { http: 400, exit: 'failed', label: 'No frame can be decoded', actions: ['other-file'] },
  'nothing-found': { http: 404, exit: 'failed', label: 'Nothing was found', actions: ['other-file'] },
  'write-failed': { http: 500, exit: 'failed', label: 'The file could not be saved', actions: ['retry'] },
  'disk-full': { http: 507, exit: 'failed', label: 'The disk is full', actions: ['retry'] },
  'format-unsuitable': { http: 400, exit: 'failed', label: 'The clip does not fit that format', actions: [] },
  // models
  'model-missing': { http: 404, exit: 'failed', label: 'Model not found', actions: ['models'] },
  'model-damaged': { http: 500, exit: 'failed', label: 'The model is damaged', actions: ['models'] },
  'model-unsupported': { http: 500, exit: 'failed', label: 'This model cannot be used', actions: ['models'] },
  'model-mismatch': { http: 500, exit: 'failed', label: 'The model’s files do not match', actions: ['models'] },
  'model-exists': { http: 409, exit: 'failed', label: 'A model with this name exists', actions: ['models'] },
  // rewritten captions
  'rewriter-missing': { http: 404, exit: 'failed', label: 'There is no text model to rewrite with', actions: ['models'] },
  'rewrite-unfinished': { http: 500, exit: 'failed', label: 'The text was not rewritten to its end', actions: ['retry'] },
  'schema-unsupported': { http: 400, exit: 'usage', label: 'The JSON schema cannot be used', actions: [] },
  // the Hugging Face hub and downloads
  'hub-gated': { http: 403, exit: 'denied', label: 'The hub requires a login', actions: ['retry'] },
  'hub-missing': { http: 404, exit: 'failed', label: 'Not found on the hub', actions: ['retry'] },
  'hub-rate-limited': { http: 503, exit: 'tryLater', label: 'Too many requests to the hub', actions: ['retry'] },
  'hub-offline': { http: 503, exit: 'unavailable', label: 'Offline mode is on', actions: [] },
  'hub-unreachable': { http: 502, exit: 'unavailable', label: 'The hub cannot be reached', actions: ['retry'] },
  'hub-failed': { http: 502, exit: 'failed', label: 'The hub returned an error', actions: ['retry'] },
  'download-damaged': { http: 502, exit: 'failed', label: 'The download is damaged', actions: ['retry'] },
  'gpu-pack-failed': { http: 502, exit: 'unavailable', label: 'The GPU pack could not be downloaded', actions: ['retry'] },
  'download-busy': { http: 409, exit: 'tryLater', label: 'The download is already running', actions: ['retry'] },
  // the switch "Never connect"
  'connections-off': { http: 403, exit: 'unavailable', label: 'Connections are switched off', actions: ['retry'] },
  // newer versions of the app
  'update-failed': { http: 502, exit: 'failed', label: 'Updates could not be fetched', actions: ['retry'] },
  // benchmarks
  'bench-mismatch': { http: 409, exit: 'failed', label: 'The run has different settings', actions: [] },
  'bench-damaged': { http: 400, exit: 'failed', label: 'The benchmark file is damaged', actions: [] },
  'bench-busy': { http: 409, exit: 'tryLater', label: 'Another run is writing to this folder', actions: [] },
  'model-unavailable': { http: 502, exit: 'unavailable', label: 'The model server does not respond', actions: ['retry'] },
  'model-failed': { http: 502, exit: 'failed', label: 'The model server rejected the request', actions: ['retry'] },
  'judge-failed': { http: 502, exit: 'failed', label: 'The judge returned no verdict', actions: ['retry'] },
  'judge-unavailable': { http: 502, exit: 'failed', label: 'The judge cannot be reached', actions: ['retry'] },
  // many machines
  'queue-unreachable': { http: 502, exit: 'unavailable', label: 'The queue cannot be reached', actions: ['retry'] },
  'queue-denied': { http: 403, exit: 'denied', label: 'The queue’s database refuses access', actions: ['retry'] },
  'queue-newer': { http: 409, exit: 'failed', label: 'The queue belongs to another version', actions: [] },
  'queue-mismatch': { http: 409, exit: 'failed', label: 'The job has other settings', actions: [] },
  'queue-failed': { http: 502, exit: 'failed', label: 'The queue’s database reports an error', actions: ['retry'] },
  'worker-lost': { http: 500, exit: 'failed', label: 'Workers ended at this clip', actions: ['retry'] },
  // the library
  'library-busy': { http: 503, exit: 'failed', label: 'The library is in use', actions: ['retry'] },
  'conversation-changed': { http: 409, exit: 'failed', label: 'The conversation has changed', actions: ['retry'] },
  'library-damaged': { http: 500, exit: 'failed', label: 'The library is damaged', actions: ['reload'] },
  // the service and its server
  'not-allowed': { http: 403, exit: 'failed', label: 'Permission denied', actions: ['reload'] },
  'upload-too-large': { http: 413, exit: 'failed', label: 'The file is too large to upload', actions: ['other-file'] },
  'service-lost': { http: 503, exit: 'failed', label: 'Tarsier does not respond', actions: ['retry', 'reload'] },
  // models at work
  'too-many-frames': { http: 400, exit: 'failed', label: 'Too many frames for the model', actions: ['fewer-frames', 'retry'] },
  'context-full': { http: 400, exit: 'failed', label: 'The conversation is full', actions: ['fewer-frames', 'retry'] },
  'out-of-memory': { http: 503, exit: 'failed', label: 'Not enough memory', actions: ['fewer-frames', 'other-device', 'retry'] },
  'device-unavailable': { http: 503, exit: 'failed', label: 'The device cannot be used', actions: ['other-device', 'retry'] },
  'native-library': { http: 503, exit: 'failed', label: 'A native library cannot be loaded', actions: ['other-device', 'retry'] },
  'engine-crashed': { http: 503, exit: 'failed', label: 'The engine crashed and was restarted', actions: ['retry', 'other-device'] },
  'engine-hung': {
    http: 503,
    exit: 'failed',
    label: 'The engine did not respond and was stopped',
    actions: ['retry', 'other-file', 'other-device'],
  },
  internal: { http: 500, exit: 'failed', label: 'Unexpected error', actions: ['retry'] },
} as const satisfies Record<string, ErrorCodeInfo>

export type ErrorCode = keyof typeof errorCodeInfo

export const errorCodes = Object.keys(errorCodeInfo) as [ErrorCode, ...ErrorCode[]]
