<?php
/**
 * Receives webhooks in the format `form`: verifies the signature, puts the body into a folder and answers. Work on what is in the
 * folder in another process. PHP 8.1 or later with its standard extensions, nothing else.
 *
 * Settings, environment variables:
 *   RECEIVER_HOST          the Host that requests are addressed to, such as hooks.example.org; with the port unless it is 80 or 443
 *   RECEIVER_COPERNICA_ID  the value of X-Copernica-ID of your account, such as account_1234
 *   RECEIVER_KEY_DOMAIN    the domain whose DNS holds the public keys
 *   RECEIVER_FOLDER        an existing folder that this script may write to; gets `inbox` and `nonces`; not inside the web root
 *   RECEIVER_KEYS_FILE     for tests and where there is no DNS: a file with the answer of GET /v1/signing-keys. Its keys are trusted
 *                          instead of those in DNS, and a change of keys goes unnoticed, so leave it unset in production.
 *
 * Answers 200 when the body is stored, 4xx with a word that says why when the request is not what it should be, 5xx when nobody can
 * tell or store it now. Whatever is not 2xx is sent again later, signed anew.
 */
declare(strict_types=1);

const MUST_BE_SIGNED = ['(request-target)', 'host', 'date', 'content-length', 'content-type', 'x-copernica-id', 'digest', 'x-nonce'];
/** How far a request's clock and ours may be apart. */
const MAX_SKEW_SECONDS = 60;

function answer(int $status, string $why = ''): never
{
    http_response_code($status);
    header('Content-Type: text/plain');
    exit($why);
}

function setting(string $name): string
{
    return getenv($name) ?: throw new RuntimeException("$name is not set");
}

/** All TXT records at a name, the strings of each joined; false when nobody can tell now. */
function txtRecords(string $name): array|false
{
    $file = getenv('RECEIVER_KEYS_FILE');
    if ($file === false) {
        // With the dot at its end the name is looked up as it is, without the search domains of this machine.
        $records = @dns_get_record("$name.", DNS_TXT);
        return $records === false ? false : array_column($records, 'txt');
    }
    $keys = json_decode((string) @file_get_contents($file), true);
    return is_array($keys) ? array_column(array_filter($keys, fn ($key) => $key['keyId'] === $name), 'record') : false;
}

function publicKey(string $keyId): OpenSSLAsymmetricKey
{
    $domain = preg_quote(setting('RECEIVER_KEY_DOMAIN'), '/');
    if (!preg_match("/^[a-z0-9-]+\._domainkey\.$domain\$/D", $keyId)) answer(401, 'key_not_allowed');
    $records = txtRecords($keyId);
    if ($records === false) answer(503, 'keys_unavailable');
    foreach ($records as $record) {
        if (!preg_match('/^v=DKIM1; ?k=rsa; ?p=([A-Za-z0-9+\/=]+)$/D', $record, $match)) continue;
        $key = openssl_pkey_get_public("-----BEGIN PUBLIC KEY-----\n" . chunk_split($match[1], 64, "\n") . "-----END PUBLIC KEY-----\n");
        if ($key !== false && openssl_pkey_get_details($key)['type'] === OPENSSL_KEYTYPE_RSA) return $key;
    }
    answer(401, 'key_not_found');
}

/** Checks what needs no key. */
function checkHeaders(array $headers, string $body): void
{
    foreach (array_slice(MUST_BE_SIGNED, 1) as $name) if (($headers[$name] ?? '') === '') answer(401, 'header_missing');
    if ($headers['host'] !== setting('RECEIVER_HOST')) answer(401, 'host_mismatch');
    if ($headers['x-copernica-id'] !== setting('RECEIVER_COPERNICA_ID')) answer(401, 'copernica_id_mismatch');
    $date = DateTimeImmutable::createFromFormat('D, d M Y H:i:s \G\M\T', $headers['date'], new DateTimeZone('UTC'));
    if ($date === false || abs(time() - $date->getTimestamp()) > MAX_SKEW_SECONDS) answer(401, 'date_out_of_tolerance');
    $digest = 'sha-256=' . base64_encode(hash('sha256', $body, true));
    if (!hash_equals($digest, $headers['digest'])) answer(401, 'digest_mismatch');
}

function checkSignature(array $headers): void
{
    preg_match_all('/([a-zA-Z]+)="([^"]*)"/', $headers['signature'] ?? '', $matches);
    $signature = array_combine($matches[1], $matches[2]) + ['keyId' => '', 'algorithm' => '', 'headers' => '', 'signature' => ''];
    // The signature does not cover the name of its algorithm, so it does not get to choose one.
    if ($signature['algorithm'] !== 'rsa-sha256') answer(401, 'algorithm_not_supported');
    $signed = explode(' ', $signature['headers']);
    if (array_diff(MUST_BE_SIGNED, $signed) !== []) answer(401, 'header_not_signed');
    $headers['(request-target)'] = strtolower($_SERVER['REQUEST_METHOD']) . ' ' . $_SERVER['REQUEST_URI'];
    $text = implode("\n", array_map(fn ($name) => "$name: " . ($headers[$name] ?? ''), $signed));
    $bytes = base64_decode($signature['signature']);
    if (openssl_verify($text, $bytes, publicKey($signature['keyId']), OPENSSL_ALGO_SHA256) !== 1) answer(401, 'signature_mismatch');
}

/** Refuses a request that somebody has recorded and sends again. The sender's own retries have new nonces. */
function checkNonce(string $nonce): void
{
    $folder = folder('nonces');
    $file = "$folder/" . hash('sha256', $nonce);
    // To create a file that must not exist is one step, also when several processes try.
    if (!@fopen($file, 'x')) is_file($file) ? answer(401, 'replayed') : throw new RuntimeException("$file cannot be written");
    if (random_int(1, 100) > 1) return;
    $forgotten = time() - 3 * MAX_SKEW_SECONDS;
    foreach (glob("$folder/*") as $file) if (@filemtime($file) < $forgotten) @unlink($file);
}

/** Stores a body under a name that is the same at every attempt, whole or not at all. */
function store(array $headers, string $body): void
{
    // Without an event id (Copernica sends none) every request counts as another event.
    $event = $headers['x-webhook-event-id'] ?? $headers['x-nonce'];
    $name = folder('inbox') . '/' . hash('sha256', "$event\n{$headers['digest']}");
    $temporary = $name . '.' . bin2hex(random_bytes(8)) . '.tmp';
    $file = fopen($temporary, 'xb');
    $stored = $file && fwrite($file, $body) === strlen($body) && fsync($file) && fclose($file) && rename($temporary, "$name.form");
    if (!$stored) answer(500, 'not_stored');
}

function folder(string $name): string
{
    $folder = setting('RECEIVER_FOLDER') . "/$name";
    if (!is_dir($folder) && !@mkdir($folder, 0700) && !is_dir($folder)) throw new RuntimeException("$folder cannot be made");
    return $folder;
}

ini_set('display_errors', '0');
if ($_SERVER['REQUEST_METHOD'] !== 'POST') answer(405, 'method_not_allowed');
$headers = array_map(trim(...), array_change_key_case(getallheaders()));
$body = file_get_contents('php://input');
checkHeaders($headers, $body);
checkSignature($headers);
checkNonce($headers['x-nonce']);
store($headers, $body);
answer(200);
