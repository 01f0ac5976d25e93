<?php
/**
 * Calls the API as the vendor's published PHP class does (spec section 10.1), without being it: the token in the address, JSON bodies,
 * also `[]` with DELETE, the Content-Type compared literally, and only 400 or no answer taken for failure. Reads one call a line from
 * standard input, as JSON, and writes what came back, as JSON.
 */
function request(string $method, string $url, array $headers, ?string $body): array
{
    $options = ['method' => $method, 'header' => $headers, 'ignore_errors' => true, 'follow_location' => 0, 'timeout' => 30];
    if ($body !== null) $options['content'] = $body;
    $answer = @file_get_contents($url, false, stream_context_create(['http' => $options]));
    if ($answer === false) return ['status' => 0, 'headers' => [], 'body' => ''];
    $lines = $http_response_header;
    $named = [];
    foreach (array_slice($lines, 1) as $line) {
        [$name, $value] = explode(':', $line, 2);
        $named[strtolower($name)] = trim($value);
    }
    return ['status' => (int) explode(' ', $lines[0])[1], 'headers' => $named, 'body' => $answer];
}

/** What the class gives to the script that uses it. */
function returned(string $method, array $answer): mixed
{
    if ($method === 'GET')
        return ($answer['headers']['content-type'] ?? '') === 'application/json' ? json_decode($answer['body'], true) : $answer['body'];
    if ($answer['status'] === 0 || $answer['status'] === 400) return false;
    return $answer['headers']['x-created'] ?? true;
}

while (($line = fgets(STDIN)) !== false) {
    $call = json_decode($line, true, 512, JSON_THROW_ON_ERROR);
    $query = http_build_query(($call['query'] ?? []) + ($call['token'] === null ? [] : ['access_token' => $call['token']]));
    $url = $call['base'] . $call['path'] . ($query === '' ? '' : "?$query");
    $headers = $call['headers'] ?? [];
    $body = $call['body'] ?? null;
    if (isset($call['data'])) {
        $headers[] = 'Content-Type: application/json';
        $body = json_encode($call['data']);
    } elseif (isset($call['form'])) {
        $headers[] = 'Content-Type: application/x-www-form-urlencoded';
        $body = http_build_query($call['form']);
    }
    $answer = request($call['method'], $url, $headers, $body);
    echo json_encode($answer + ['returned' => returned($call['method'], $answer)], JSON_THROW_ON_ERROR), "\n";
}
