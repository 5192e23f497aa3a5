/**
 * Pieces of ROOT records, high byte first, and the description of the classes that a tree is made of.
 *
 * Source: ROOT's TBufferFile as described in uproot 5 (writing/, models/); checksums as ROOT 6 writes them. @module
 */
import { field, joinParts, type Part, u8 } from "./_parts.ts";

const encoder = new TextEncoder();

/** Fields, high byte first. */
export const i16 = (value: number): Uint8Array => field(2, (view) => view.setInt16(0, value));
export const i32 = (value: number): Uint8Array => field(4, (view) => view.setInt32(0, value));
export const i64 = (value: number): Uint8Array => field(8, (view) => view.setBigInt64(0, BigInt(value)));
export const f32 = (value: number): Uint8Array => field(4, (view) => view.setFloat32(0, value));
export const f64 = (value: number): Uint8Array => field(8, (view) => view.setFloat64(0, value));

/** Bytes of a text as they are. */
export const ascii = (text: string): Uint8Array => encoder.encode(text);

/** A text behind its length. */
export function str(text: string): Part {
  const bytes = encoder.encode(text);
  return [bytes.length < 255 ? u8(bytes.length) : [u8(255), i32(bytes.length)], bytes];
}

/** An object's members behind their byte count and its class's version. */
export function counted(version: number, ...body: Part[]): Part {
  const bytes = joinParts(body);
  return [i32((bytes.length + 2) | 0x40000000), i16(version), bytes];
}

/** Base classes and members that all trees have alike. */
export const tobject = (): Part => [i16(1), i32(0), i32(0x02000000)];
export const tnamed = (name: string, title: string): Part => counted(1, tobject(), str(name), str(title));
export const fillStyle = counted(2, i16(0), i16(1001));
export const lineStyle = counted(2, i16(602), i16(1), i16(1));
export const markerStyle = counted(2, i16(1), i16(1), f32(1));
/** A class without version is told by its checksum. */
export const ioFeatures: Part = [i32(0x40000007), i16(0), i32(0x1aa12f10), u8(0)];

/** A TObjArray. */
export const objArray = (...things: Part[]): Part =>
  counted(3, tobject(), str(""), i32(things.length), i32(0), things);

/** A pointer to an object that follows, with its class's name. */
export function pointer(className: string, body: Part): Part {
  const bytes = joinParts([i32(-1), encoder.encode(className), u8(0), body]);
  return [i32(bytes.length | 0x40000000), bytes];
}

/** Class, version, checksum, members: "+Base=version", "name:type" or "name:type*counter=version of the counter's class". */
const CLASSES = `TNamed 1 dfb74a3c +TObject=1 fName:T fTitle:T
TAttLine 2 94074549 fLineColor:s fLineStyle:s fLineWidth:s
TAttFill 2 ffd92a92 fFillColor:s fFillStyle:s
TAttMarker 2 291d8bec fMarkerColor:s fMarkerStyle:s fMarkerSize:f
ROOT::TIOFeatures 1 1aa12f10 fIOBits:b
TTree 20 7264e07f +TNamed=1 +TAttLine=2 +TAttFill=2 +TAttMarker=2 fEntries:l fTotBytes:l fZipBytes:l fSavedBytes:l fFlushedBytes:l fWeight:d fTimerInterval:i fScanField:i fUpdate:i fDefaultEntryOffsetLen:i fNClusterRange:c fMaxEntries:l fMaxEntryLoop:l fMaxVirtualSize:l fAutoSave:l fAutoFlush:l fEstimate:l fClusterRangeEnd:l*fNClusterRange=20 fClusterSize:l*fNClusterRange=20 fIOFeatures:ROOT::TIOFeatures fBranches:TObjArray fLeaves:TObjArray fAliases:TList* fIndexValues:TArrayD fIndex:TArrayI fTreeIndex:TVirtualIndex* fFriends:TList* fUserInfo:TList* fBranchRef:TBranchRef*
TBranch 13 10978aac +TNamed=1 +TAttFill=2 fCompress:i fBasketSize:i fEntryOffsetLen:i fWriteBasket:i fEntryNumber:l fIOFeatures:ROOT::TIOFeatures fOffset:i fMaxBaskets:c fSplitLevel:i fEntries:l fFirstEntry:l fTotBytes:l fZipBytes:l fBranches:TObjArray fLeaves:TObjArray fBaskets:TObjArray fBasketBytes:i*fMaxBaskets=13 fBasketEntry:l*fMaxBaskets=13 fBasketSeek:l*fMaxBaskets=13 fFileName:T
TBranchElement 10 e74f5e63 +TBranch=13 fClassName:T fParentName:T fClonesName:T fCheckSum:u fClassVersion:s fID:i fType:i fStreamerType:i fMaximum:i fBranchCount:TBranchElement* fBranchCount2:TBranchElement*
TLeaf 2 6d1e8152 +TNamed=1 fLen:i fLenType:i fOffset:i fIsRange:o fIsUnsigned:o fLeafCount:TLeaf*
TLeafElement 1 a04f8893 +TLeaf=2 fID:i fType:i
TLeafB 1 0f1e4b5e +TLeaf=2 fMinimum:B fMaximum:B
TLeafO 1 02ae48d3 +TLeaf=2 fMinimum:o fMaximum:o
TLeafS 1 150ceecf +TLeaf=2 fMinimum:s fMaximum:s
TLeafI 1 7e6aae19 +TLeaf=2 fMinimum:i fMaximum:i
TLeafL 1 de320862 +TLeaf=2 fMinimum:l fMaximum:l
TLeafF 1 3add9d72 +TLeaf=2 fMinimum:f fMaximum:f
TLeafD 1 118e8776 +TLeaf=2 fMinimum:d fMaximum:d`;

/** ROOT's number of a type, its bytes, its name in C++, by the letters above. */
const BASIC: Readonly<Record<string, readonly [number, number, string]>> = {
  i: [3, 4, "int"],
  c: [6, 4, "int"],
  l: [16, 8, "Long64_t"],
  d: [8, 8, "double"],
  f: [5, 4, "float"],
  s: [2, 2, "short"],
  B: [1, 1, "char"],
  b: [11, 1, "unsigned char"],
  u: [13, 4, "unsigned int"],
  o: [18, 1, "bool"],
};

/** The StreamerInfo record of a file with trees. */
export function streamerInfo(): Uint8Array {
  const infos = CLASSES.split("\n").map((row) => {
    const [name, version, checksum, ...members] = row.split(" ");
    const elements = members.map((member) => streamerElement(member, name));
    const head = [tnamed(name, ""), i32(parseInt(checksum, 16) | 0), i32(Number(version))];
    return [pointer("TStreamerInfo", counted(9, head, pointer("TObjArray", objArray(...elements)))), u8(0)];
  });
  return joinParts(counted(5, tobject(), str(""), i32(infos.length), infos));
}

function streamerElement(member: string, owner: string): Part {
  const base = /^\+(\w+)=(\d+)$/.exec(member);
  if (base) {
    const type = base[1] === "TObject" ? 66 : base[1] === "TNamed" ? 67 : 0;
    return element("Base", base[1], [type, 0, "BASE"], i32(Number(base[2])), 3);
  }
  const [, name, type] = /^(\w+):(.+)$/.exec(member)!, list = /^(\w)\*(\w+)=(\d+)$/.exec(type);
  if (list) {
    const [number, , cpp] = BASIC[list[1]];
    const counter = [i32(Number(list[3])), str(list[2]), str(owner)];
    return element("BasicPointer", name, [number + 40, 8, `${cpp}*`], counter);
  }
  if (BASIC[type]) return element("BasicType", name, BASIC[type]);
  if (type === "T") return element("String", name, [65, 24, "TString"]);
  if (type.endsWith("*")) return element("ObjectPointer", name, [64, 8, type]);
  if (type === "TObjArray") return element("Object", name, [61, 64, type]);
  return element("ObjectAny", name, [62, type.startsWith("TArray") ? 24 : 1, type]);
}

function element(
  kind: string,
  name: string,
  [type, size, typeName]: readonly [number, number, string],
  more: Part = [],
  version = 2,
): Part {
  const own = [tnamed(name, ""), i32(type), i32(size), i32(0), i32(0), new Uint8Array(20), str(typeName)];
  return pointer(`TStreamer${kind}`, counted(version, counted(4, own), more));
}
