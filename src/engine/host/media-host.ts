import { assertNever } from '../../shared/errors.ts'
import { frameSteps } from '../media/frame-times.ts'
import { openClip } from '../media/open-clip.ts'
import { writeContactSheet } from '../media/pieces/contact-sheet.ts'
import { pieceMatches, planPieces, writePiece } from '../media/pieces/write-pieces.ts'
import { writePreview } from '../media/preview.ts'
import { findSegments } from '../media/segments.ts'
import { framePictures, thumbnailOf } from '../pictures.ts'
import type { MediaCommand, MediaEvent } from './media-commands.ts'
import { serveCommands } from './serve-commands.ts'

/**
 * The process that opens clips for display. It is separate from the engine process, so that a file that crashes a decoder ends no answer,
 * and a long answer does not delay images.
 */
serveCommands<MediaCommand, MediaEvent>(async (command, signal, send) => {
  switch (command.kind) {
    case 'probe': {
      await using clip = await openClip(command.path, signal)
      return clip.info
    }
    case 'plan': {
      await using clip = await openClip(command.path, signal)
      return clip.plan(command.frames, command.options)
    }
    case 'frame-steps': {
      await using clip = await openClip(command.path, signal)
      return frameSteps(clip)
    }
    case 'thumbnail':
      return thumbnailOf(command.path, command.time, signal)
    case 'preview':
      return writePreview(command.path, command.target, signal, (value) => send({ kind: 'progress', value }))
    case 'segments':
      for await (const event of findSegments(command.path, command.search, signal)) send({ kind: 'segments', event })
      return null
    case 'plan-pieces':
      return planPieces(command.path, command.ranges, command.mode, signal)
    case 'write-piece':
      return writePiece(command.path, command.plan, command.target, signal, (value) => send({ kind: 'progress', value }))
    case 'check-piece':
      return pieceMatches(command.path, command.plan, command.target, signal)
    case 'contact-sheet':
      return writeContactSheet(command.pieces, command.target, signal)
    case 'pictures':
      for await (const picture of framePictures(command.request, command.manifest, signal, (text) => send({ kind: 'notice', text })))
        send({ kind: 'picture', picture })
      return null
    default:
      return assertNever(command, 'command')
  }
})
