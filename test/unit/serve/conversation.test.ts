import { expect, test } from 'vitest'
import { framesFor, readConversation } from '../../../src/serve/openai/conversation.ts'
import { RequestMedia } from '../../../src/serve/openai/media.ts'
import { chatRequestSchema } from '../../../src/serve/openai/request.ts'
import { UploadFolder } from '../../../src/serve/openai/upload-folder.ts'

const never = new AbortController().signal
