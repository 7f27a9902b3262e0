// SPDX-License-Identifier: ISC
// werift.mjs MODULE URL: two peer connections of werift, relay only; a data channel and video
// packets.  Prints what arrived; exits with 0 when all did.
import { pathToFileURL } from "node:url";

const { RTCPeerConnection, MediaStreamTrack, RtpPacket, RtpHeader } =
	await import(pathToFileURL(process.argv[2]));
const iceServers = [{ urls: process.argv[3], username: "alice", credential: "secret" }];
const MESSAGES = 200, EVERY_MS = 5, WAIT_MS = 20000;

const [a, b] = [0, 1].map(() => new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" }));
const candidates = new Set();
const seen = { echoed: 0, video: 0 };
for (const [from, to] of [[a, b], [b, a]])
	from.onicecandidate = ({ candidate }) => {
		if (!candidate?.candidate)
			return;
		const word = candidate.candidate.split(" ");
		candidates.add(`${word[word.indexOf("typ") + 1]} ${word[4]}`);
		to.addIceCandidate(candidate).catch(() => {});
	};
b.ondatachannel = ({ channel }) => { channel.onmessage = (m) => channel.send(m.data); };
b.ontrack = ({ track }) => track.onReceiveRtp.subscribe(() => { seen.video++; });
const channel = a.createDataChannel("echo");
channel.onmessage = () => { seen.echoed++; };
const track = new MediaStreamTrack({ kind: "video" });
a.addTransceiver(track, { direction: "sendonly" });
const open = new Promise((done) => { channel.onopen = done; });

await a.setLocalDescription(await a.createOffer());
await b.setRemoteDescription(a.localDescription);
await b.setLocalDescription(await b.createAnswer());
await a.setRemoteDescription(b.localDescription);
const late = setTimeout(() => finish(), WAIT_MS);
await open;
for (let n = 0; n < MESSAGES; n++) {
	channel.send("x".repeat(500));
	const head = new RtpHeader({ sequenceNumber: n, timestamp: n * 3000, ssrc: 1, payloadType: 96 });
	track.writeRtp(new RtpPacket(head, Buffer.alloc(800)));
	await new Promise((done) => setTimeout(done, EVERY_MS));
}
await new Promise((done) => setTimeout(done, 500));
finish();

function finish() {
	clearTimeout(late);
	const relayed = [...candidates].every((c) => c.startsWith("relay ")) && candidates.size > 0;
	console.log(`${[...candidates].join(", ")}: ${seen.echoed} echoes and ${seen.video} packets of` +
	    ` video of ${MESSAGES}, ${a.connectionState}`);
	process.exit(relayed && seen.echoed === MESSAGES && seen.video === MESSAGES ? 0 : 1);
}
