// LKP/1 as docs/lkp.md tells it, with nothing but what every browser has (WebCrypto): replays golden transcripts.
// node lkp.mjs FILE... ; the first thing that is not as the page says ends it with status 1.
import { readFileSync } from "node:fs";

const subtle = crypto.subtle;
const hex = (bytes) => [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
const octets = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const ascii = (text) => new TextEncoder().encode(text);

function same(what, got, wanted) {
  if (got !== wanted) throw new Error(`${what}: ${got} and not ${wanted}`);
}

// Noise ------------------------------------------------------------------------------------------------------

const sha256 = async (data) => new Uint8Array(await subtle.digest("SHA-256", data));

async function hmac(key, data) {
  const usable = await subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", usable, data));
}

async function derived(chain, material, count) {
  const secret = await hmac(chain, material);
  const keys = [new Uint8Array()];
  for (let number = 1; number <= count; number++) {
    keys.push(await hmac(secret, joined(keys[number - 1], [number])));
  }
  return keys.slice(1);
}

async function shared(secret, theirs) {
  const head = octets("302e020100300506032b656e04220420");
  const own = await subtle.importKey("pkcs8", joined(head, secret), { name: "X25519" }, false, ["deriveBits"]);
  const other = await subtle.importKey("raw", theirs, { name: "X25519" }, false, []);
  return new Uint8Array(await subtle.deriveBits({ name: "X25519", public: other }, own, 256));
}

const publicKey = (secret) => shared(secret, joined([9], new Uint8Array(31)));

class Cipher {
  constructor(key) { this.key = key; this.count = 0; }

  async run(work, data, bound) {
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setBigUint64(4, BigInt(this.count++));
    const key = await subtle.importKey("raw", this.key, "AES-GCM", false, [work]);
    return new Uint8Array(await subtle[work]({ name: "AES-GCM", iv: nonce, additionalData: bound }, key, data));
  }

  seal(plain, bound = new Uint8Array()) { return this.run("encrypt", plain, bound); }
  open(sealed, bound = new Uint8Array()) { return this.run("decrypt", sealed, bound); }
}

class Handshake {
  static async of(phone, secret, ephemeral, lockKey, prologue, psk) {
    const own = new Handshake();
    Object.assign(own, { phone, psk, secrets: { s: secret, e: ephemeral }, theirs: phone ? { s: lockKey } : {} });
    own.publics = { s: await publicKey(secret), e: await publicKey(ephemeral) };
    own.steps = [["e", "es"], ["e", "ee"], psk ? ["s", "se", "psk"] : ["s", "se"]];
    const name = ascii(`Noise_XK${psk ? "psk3" : ""}_25519_AESGCM_SHA256`);
    own.hash = own.chain = joined(name, new Uint8Array(32 - name.length));
    await own.mixHash(prologue);
    await own.mixHash(lockKey);
    return own;
  }

  async mixHash(data) { this.hash = await sha256(joined(this.hash, data)); }

  async mixKey(material) {
    const [chain, key] = await derived(this.chain, material, 2);
    [this.chain, this.cipher] = [chain, new Cipher(key)];
  }

  async mixEphemeral(key) {
    await this.mixHash(key);
    if (this.psk) await this.mixKey(key);
  }

  async mix(token) {
    if (token === "psk") {
      const [chain, mixed, key] = await derived(this.chain, this.psk, 3);
      [this.chain, this.cipher] = [chain, new Cipher(key)];
      return this.mixHash(mixed);
    }
    const [own, theirs] = this.phone ? token : [...token].reverse();
    return this.mixKey(await shared(this.secrets[own], this.theirs[theirs]));
  }

  async seal(plain) {
    const sealed = await this.cipher.seal(plain, this.hash);
    await this.mixHash(sealed);
    return sealed;
  }

  async open(sealed) {
    const plain = await this.cipher.open(sealed, this.hash);
    await this.mixHash(sealed);
    return plain;
  }

  async write(payload) {
    let message = new Uint8Array();
    for (const token of this.steps.shift()) {
      if (token === "e") await this.mixEphemeral(this.publics.e);
      if (token === "e") message = joined(message, this.publics.e);
      else if (token === "s") message = joined(message, await this.seal(this.publics.s));
      else await this.mix(token);
    }
    return joined(message, await this.seal(payload));
  }

  async read(message) {
    for (const token of this.steps.shift()) {
      const size = { e: 32, s: 48 }[token] ?? 0;
      const part = message.slice(0, size);
      message = message.slice(size);
      if (token === "e") await this.mixEphemeral((this.theirs.e = part));
      else if (token === "s") this.theirs.s = await this.open(part);
      else await this.mix(token);
    }
    return this.open(message);
  }

  async split() {
    const [first, second] = (await derived(this.chain, new Uint8Array(), 2)).map((key) => new Cipher(key));
    return this.phone ? { out: first, in: second } : { out: second, in: first };
  }
}

// Frames, padding, CBOR --------------------------------------------------------------------------------------

function fragments(type, tag, body, mtu) {
  const step = Math.max(20, Math.min(mtu - 3, 244)) - 2;
  const stream = joined([type, body.length >> 8, body.length & 255], body);
  const frames = [];
  for (let at = 0; at < stream.length; at += step) {
    const flags = (at ? 0 : 0x80) | (at + step >= stream.length ? 0x40 : 0) | (frames.length & 0x3f);
    frames.push(joined([flags, tag], stream.slice(at, at + step)));
  }
  return frames;
}

function padded(data) {
  const whole = joined([data.length >> 8, data.length & 255], data);
  return joined(whole, new Uint8Array(-whole.length & 31));
}

function head(major, number) {
  if (number < 24) return [(major << 5) | number];
  for (const [short, width] of [[24, 1], [25, 2], [26, 4], [27, 8]]) {
    if (BigInt(number) >> BigInt(8 * width) === 0n) {
      return [(major << 5) | short, ...octets(BigInt(number).toString(16).padStart(2 * width, "0"))];
    }
  }
}

// A transcript writes bytes as {"hex": ...}; no map of the protocol has that key.
function encoded(value) {
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "number") return joined(value < 0 ? head(1, -1 - value) : head(0, value));
  if (typeof value === "string") return joined(head(3, ascii(value).length), ascii(value));
  if (Array.isArray(value)) return joined(head(4, value.length), ...value.map(encoded));
  if (typeof value.hex === "string") return joined(head(2, value.hex.length / 2), octets(value.hex));
  const pairs = Object.entries(value).map(([key, each]) => [encoded(key), encoded(each)]);
  pairs.sort(([one], [other]) => (hex(one) < hex(other) ? -1 : 1));
  return joined(head(5, pairs.length), ...pairs.flat());
}

// Passes and lists: a COSE_Sign1 whose last 64 bytes are the signature.
async function expectSigned(data, kind, issuer) {
  same("protected header", hex(data.slice(0, 6)), "8443a10127a0");
  const payload = data.slice(data[6] === 0x59 ? 9 : 8, -66);
  const whole = ["Signature1", { hex: "a10127" }, { hex: hex(ascii(kind)) }, { hex: hex(payload) }];
  const key = await subtle.importKey("raw", issuer, { name: "Ed25519" }, false, ["verify"]);
  same("signature", await subtle.verify("Ed25519", key, data.slice(-64), encoded(whole)), true);
}

// Transcripts ------------------------------------------------------------------------------------------------

async function replayed(told) {
  const [info, psk] = [octets(told.info), told.psk && octets(told.psk)];
  const prologue = joined(ascii("LKP1\0"), await sha256(info), [psk ? 1 : 0]);
  same("prologue", hex(prologue), told.prologue);
  const ends = {};
  for (const who of ["phone", "lock"]) {
    const lockKey = octets(who === "phone" ? told.phone.lock_key : told.lock.public);
    const secrets = [octets(told[who].private), octets(told[who].ephemeral)];
    ends[who] = await Handshake.of(who === "phone", ...secrets, lockKey, prologue, psk);
    same(`${who}'s public key`, hex(ends[who].publics.s), told[who].public);
  }
  const meant = told.phone.lock_key === told.lock.public;
  let ciphers;
  for (const message of told.messages) {
    const frames = fragments(message.type, parseInt(told.tag, 16), octets(message.body), told.mtu);
    same("frames", frames.map(hex).join(" "), message.frames.join(" "));
    const [from, to] = message.from === "phone" ? ["phone", "lock"] : ["lock", "phone"];
    if (message.says) same("plain", hex(padded(encoded(message.says))), message.plain);
    if (message.type === 31) {
      same("error", message.body, message.error.toString(16));
    } else {
      const [out, into] = ciphers ? [ciphers[from].out, ciphers[to].in] : [ends[from], ends[to]];
      const plain = octets(message.plain ?? "");
      same("body", hex(await (ciphers ? out.seal(plain) : out.write(plain))), message.body);
      const body = octets(message.body);
      if (meant) same("opened", hex(await (ciphers ? into.open(body) : into.read(body))), message.plain);
    }
    for (const [field, kind] of [["pass", "LKP1 pass"], ["list", "LKP1 revocation list"]]) {
      const data = message.says?.[field]?.hex;
      if (data) await expectSigned(octets(data), kind, octets(told.issuer.public));
    }
    if (message.handshake_hash) {
      same("hash", hex(ends.lock.hash), message.handshake_hash);
      ciphers = { phone: await ends.phone.split(), lock: await ends.lock.split() };
    }
  }
}

for (const file of process.argv.slice(2)) {
  await replayed(JSON.parse(readFileSync(file, "utf8")));
}
console.log(`${process.argv.length - 2} replayed`);
