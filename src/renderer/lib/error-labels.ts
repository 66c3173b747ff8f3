import type { ErrorCode } from '../../shared/errors.ts'

/** What a person can do about an error, where it is shown. */
export type ErrorAction = 'retry' | 'fewer-frames' | 'other-device' | 'other-file' | 'models' | 'locate' | 'reload' | 'none'

interface ErrorLabel {
  readonly title: string
  readonly actions: readonly ErrorAction[]
}

/** A heading and the way out for each error; the sentence itself comes with it. */
export const errorLabels: Readonly<Record<ErrorCode, ErrorLabel>> = {
  usage: { title: 'That cannot be done so', actions: ['none'] },
  'invalid-range': { title: 'There is nothing in that range', actions: ['none'] },
  'file-missing': { title: 'The file is gone', actions: ['locate', 'retry'] },
  'file-unreadable': { title: 'The file cannot be read', actions: ['retry', 'other-file'] },
  'file-empty': { title: 'The file is empty', actions: ['other-file'] },
  'not-media': { title: 'That is no video, image or GIF', actions: ['other-file'] },
  'no-video': { title: 'There is no picture in it', actions: ['other-file'] },
  'no-frames': { title: 'No frame of it can be decoded', actions: ['other-file'] },
  'nothing-found': { title: 'Nothing was found', actions: ['other-file'] },
  'write-failed': { title: 'It could not be saved', actions: ['retry'] },
  'disk-full': { title: 'The disk is full', actions: ['retry'] },
  'model-missing': { title: 'The model is not here', actions: ['models'] },
  'model-damaged': { title: 'The model is damaged', actions: ['models'] },
  'model-unsupported': { title: 'This model cannot be used', actions: ['models'] },
  'model-mismatch': { title: 'The model’s files do not belong together', actions: ['models'] },
  'model-exists': { title: 'There is a model of that name', actions: ['models'] },
  'hub-gated': { title: 'The hub wants a login for it', actions: ['retry'] },
  'hub-missing': { title: 'The hub does not have it', actions: ['retry'] },
  'hub-rate-limited': { title: 'The hub asks for patience', actions: ['retry'] },
  'hub-offline': { title: 'Tarsier is set to be offline', actions: ['none'] },
  'hub-unreachable': { title: 'The hub cannot be reached', actions: ['retry'] },
  'hub-failed': { title: 'The hub failed', actions: ['retry'] },
  'download-damaged': { title: 'What came is damaged', actions: ['retry'] },
  'download-busy': { title: 'It is being fetched already', actions: ['retry'] },
  'bench-mismatch': { title: 'The run was made with other settings', actions: ['none'] },
  'bench-damaged': { title: 'The benchmark file is damaged', actions: ['none'] },
  'bench-busy': { title: 'Another run writes there', actions: ['none'] },
  'model-unavailable': { title: 'The model’s server does not answer', actions: ['retry'] },
  'model-failed': { title: 'The model’s server refused it', actions: ['retry'] },
  'judge-failed': { title: 'The judge gave no verdict', actions: ['retry'] },
  'judge-unavailable': { title: 'The judge cannot be reached', actions: ['retry'] },
  'library-busy': { title: 'The library is in use', actions: ['retry'] },
  'library-damaged': { title: 'The library is damaged', actions: ['reload'] },
  'not-allowed': { title: 'This page may not do that', actions: ['reload'] },
  'upload-too-large': { title: 'The file is too large to upload', actions: ['other-file'] },
  'service-lost': { title: 'Tarsier does not answer', actions: ['retry', 'reload'] },
  'context-full': { title: 'The conversation is full', actions: ['fewer-frames', 'retry'] },
  'out-of-memory': { title: 'The memory does not suffice', actions: ['fewer-frames', 'other-device', 'retry'] },
  'device-unavailable': { title: 'The device cannot be used', actions: ['other-device', 'retry'] },
  'native-library': { title: 'A part of the engine does not load', actions: ['other-device', 'retry'] },
  'engine-crashed': { title: 'The engine stopped, and was started again', actions: ['retry', 'other-device'] },
  'engine-hung': { title: 'The engine did not respond, and was ended', actions: ['retry', 'other-file', 'other-device'] },
  internal: { title: 'Something unforeseen went wrong', actions: ['retry'] },
}
