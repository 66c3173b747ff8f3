import { AV_LOG_QUIET } from 'node-av/constants'
import { Log } from 'node-av/lib'

// Imported for its effect by whatever opens codecs. FFmpeg would tell the user's terminal; what matters is in errors and notices.
if (process.env.TARSIER_DEBUG !== '1') Log.setLevel(AV_LOG_QUIET)
