// Pictures of a paste: as data in the HTML, as hexadecimal digits in the RTF that Word sends beside it, or as files.
const LARGEST = 5 * 1024 * 1024;
const DATA = /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)$/i;

export function isOwn(address) {
  return /^\/files\/images\/\d+$/.test(address);
}

function bytesOf(binary) {
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function fromData(address) {
  const match = DATA.exec(address);
  if (!match) return null;
  try {
    return new Blob([bytesOf(atob(match[2].replace(/\s/g, "")))], { type: match[1] });
  } catch (error) {
    return null;
  }
}

// The pictures of an RTF text in order; Word repeats each as a metafile for old programs, which is skipped.
export function fromRtf(rtf) {
  const found = [];
  const start = /\\(png|jpeg)blip/g;
  let match = start.exec(rtf);
  while (match) {
    const end = rtf.indexOf("}", match.index);
    const rest = rtf.slice(match.index, end < 0 ? rtf.length : end);
    // Words of RTF begin with a backslash; the digits are what remains at the end.
    const digits = /(?:[0-9a-fA-F]{2}|\s)+$/.exec(rest);
    const hex = digits ? digits[0].replace(/\s/g, "") : "";
    if (hex.length > 64 && hex.length < 2 * LARGEST) {
      const bytes = new Uint8Array(hex.length / 2);
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = parseInt(hex.substr(2 * at, 2), 16);
      found.push(new Blob([bytes], { type: match[1] === "png" ? "image/png" : "image/jpeg" }));
    }
    match = start.exec(rtf);
  }
  return found;
}

export function imageFiles(transfer) {
  return [...(transfer.files || [])].filter((file) => /^image\/(png|jpeg|gif|webp)$/.test(file.type));
}
