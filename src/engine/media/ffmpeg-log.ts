import { AV_LOG_QUIET } from 'node-av/constants'
import { Log } from 'node-av/lib'

// Imported for its side effect by modules that open codecs. Silences FFmpeg's output to the terminal; relevant problems are in errors and notices.
if (process.env.TARSIER_DEBUG !== '1') Log.setLevel(AV_LOG_QUIET)
