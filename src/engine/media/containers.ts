import { TarsierError } from '../../shared/errors.ts'

/**
 * FFmpeg's demuxers of self-contained media, which never open other files. All others are disabled: playlists (hls,
 * concat, dash, imf), session descriptions (sdp), file name patterns (image2), subtitles in a separate file (vobsub), text as
 * images (tty). Audio is included to distinguish it from files that are not media.
 */
const VIDEO =
  'mov matroska avi mpegts mpeg mpegvideo m4v h261 h263 h264 hevc vvc evc obu av1 ivf flv live_flv kux asf asf_o ogg mxf mxg gxf nut nuv nsv wtv rm dv swf ' +
  'mjpeg mjpeg_2000 mpjpeg smjpeg ingenient vc1 vc1test avs avs2 avs3 cavsvideo dirac dnxhd yuv4mpegpipe pva pmp lxf r3d cine ser dhav hxvs mtv ' +
  'roq smk smush bink bethsoftvid bfi flic film_cpk filmstrip gdv idcin ipmovie jv lmlm4 mm moflex mods mv mvi paf psxstr rl2 rpl thp tmv usm vivo ' +
  'vmd wc3movie wsvqa xmv yop 4xm ea c93 cdxl dsicin dxa hnm anm bmv frm iv8 lvf tiertexseq txd siff simbiosis_imx sga nistsphere pdv ty'
const PICTURES =
  'gif apng webp_anim jpegxl_anim ico iff bmp_pipe cri_pipe dds_pipe dpx_pipe exr_pipe gem_pipe gif_pipe hdr_pipe j2k_pipe jpeg_pipe jpegls_pipe ' +
  'jpegxl_pipe pam_pipe pbm_pipe pcx_pipe pfm_pipe pgm_pipe pgmyuv_pipe pgx_pipe phm_pipe photocd_pipe pictor_pipe png_pipe ppm_pipe psd_pipe ' +
  'qdraw_pipe qoi_pipe sgi_pipe sunrast_pipe tiff_pipe vbn_pipe webp_pipe xbm_pipe xpm_pipe xwd_pipe'
const SOUND = 'wav w64 mp3 aac flac ac3 eac3 ac4 aiff amr au caf ape wv tta mpc mpc8 dts dsf voc truehd mlp'

/** Value of FFmpeg's option `format_whitelist`. */
export const SELF_CONTAINED = `${VIDEO} ${PICTURES} ${SOUND}`.replaceAll(' ', ',')

/** Start of text files that refer to other files. */
const INDIRECTIONS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^#EXTM3U/, 'a playlist (M3U, HLS)'],
  [/^ffconcat version|^file\s+['"\w./\\]/, 'a list of files to be joined (ffconcat)'],
  [/^v=0\r?\n[a-z]=/, 'a description of a session (SDP)'],
  [/^\[(playlist|reference)\]/i, 'a playlist (PLS, ASX)'],
  [
    /^<(?:[\s\S]*<)?(?:\w+:)?(MPD|CompositionPlaylist|AssetMap|PackingList|SmoothStreamingMedia|smil|asx|playlist|xspf)\b/i,
    'a playlist (DASH, IMF, SMIL, ASX, XSPF)',
  ],
  [/^(RTSP|SMIL)text/, 'a reference to another file'],
  [/^# VobSub index file/, 'an index of subtitles (VobSub)'],
]

/** The kind of a file that refers to other files, by its first bytes; null for all other files. */
function indirection(head: Uint8Array): string | null {
  const wide = head[0] === 0xff && head[1] === 0xfe
  const text = new TextDecoder(wide ? 'utf-16le' : 'utf-8').decode(head).trimStart()
  return INDIRECTIONS.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/** Throws `not-media` if, by its first bytes, a file only refers to other files and has no images itself. */
export function refuseIndirection(path: string, head: Uint8Array): void {
  const kind = indirection(head)
  if (kind === null) return
  throw new TarsierError('not-media', `${path} is ${kind}. It refers to other files and contains no pictures. Give one of those files.`)
}
