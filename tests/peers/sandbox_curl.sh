#!/usr/bin/env bash
# Plain curl against `ctct sandbox`: what holds here holds for every HTTP client. python3 only reads JSON.
set -euo pipefail

ctct=${1:-${CTCT:-target/debug/ctct}}
work=$(mktemp -d)
export HOME=$work/home CTCT_HOME=$work/data
mkdir "$HOME" "$CTCT_HOME"
"$ctct" sandbox --listen 127.0.0.1:0 >"$work/ready" &
sandbox=$!
trap 'kill $sandbox 2>/dev/null || true; wait $sandbox 2>/dev/null || true; rm -rf "$work"' EXIT

is() { # claim, what is, what should be
  [ "$2" = "$3" ] || { printf 'NOT PROVED: %s\n  seen: %s\n  instead of: %s\n' "$1" "$2" "$3" >&2; exit 1; }
  echo "ok  $1"
}
json() { # file, expression about v
  python3 -c 'import json, sys; v = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}
call() { curl -qsS --noproxy '*' --max-time 20 -D "$work/head" -o "$work/body" -w '%{http_code}' "$@"; }
body() { json "$work/body" "$1"; }
header() { tr -d '\r' <"$work/head" | awk -v name="$1:" 'tolower($1) == name { sub(/^[^:]*: */, ""); print }'; }
lever() { call -H 'content-type: application/json' "${api%/v3}/_sandbox/$1" "${@:2}"; }
contacts() { call -H "Authorization: Bearer $access" "$api/contacts"; }
pause() { sleep 1.1; } # the token endpoint takes one request a second, the API four

for _ in $(seq 100); do grep -q '}' "$work/ready" && break; kill -0 $sandbox 2>/dev/null || break; sleep 0.1; done
grep -q '}' "$work/ready" || is 'the sandbox says when it is ready' "$(cat "$work/ready")" 'a line of JSON'
for name in api authorize token client_id client_secret pkce_client_id redirect_uri; do
  declare "$name=$(json "$work/ready" "v['$name']")"
done
basic=(-u "$client_id:$client_secret")

consent() { # client id, more fields; leaves the code in $code
  local fields=(--data-urlencode "client_id=$1" --data-urlencode "redirect_uri=$redirect_uri" -d response_type=code
    -d state=a-state --data-urlencode 'scope=contact_data offline_access' "${@:2}")
  is 'the authorize page answers 200' "$(call -G "${fields[@]}" "$authorize")" 200
  is 'it is HTML' "$(header content-type)" 'text/html; charset=utf-8'
  is 'the decision is answered by 302' "$(call "${fields[@]}" -d decision=allow "$authorize")" 302
  code=$(header location | sed 's/.*[?&]code=\([^&]*\).*/\1/')
  is 'which leads back with code and state' "$(header location)" "$redirect_uri?code=$code&state=a-state"
}
exchange() { # client, more fields
  call -d grant_type=authorization_code -d "code=$code" --data-urlencode "redirect_uri=$redirect_uri" "$@" "$token"
}
refresh() { call "${basic[@]}" -d grant_type=refresh_token -d "refresh_token=$1" "$token"; }

echo '# authorization code, refresh, reuse'
consent "$client_id"
is 'the code is exchanged with Basic' "$(exchange "${basic[@]}")" 200
old=$(body "v['refresh_token']")
is 'for a bearer token' "$(body "v['token_type']")" Bearer
pause
is 'the refresh token is exchanged' "$(refresh "$old")" 200
access=$(body "v['access_token']") new=$(body "v['refresh_token']") lives=$(body "v['expires_in']")
is 'for another one' "$([ "$old" != "$new" ] && echo different)" different
pause
is 'the old one is refused' "$(refresh "$old")" 400
is 'as an invalid grant' "$(body "v['error'] + ': ' + v['error_description']")" \
  'invalid_grant: The refresh token is invalid or expired.'

echo '# PKCE, with the pair of RFC 7636, appendix B'
pkce=(-d code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM -d code_challenge_method=S256)
consent "$pkce_client_id" "${pkce[@]}"
is 'another verifier is refused' "$(exchange -d "client_id=$pkce_client_id" -d code_verifier=another)" 400
is 'with its reason' "$(body "v['error_description']")" 'PKCE verification failed.'
consent "$pkce_client_id" "${pkce[@]}"
pause
verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
is 'the right one is taken' "$(exchange -d "client_id=$pkce_client_id" -d code_verifier=$verifier)" 200

echo '# limits, journal, levers'
is 'the journal is emptied' "$(lever journal -X DELETE)" 204
is 'without a token the answer is 401' "$(call "$api/contacts")" 401
is 'of exactly 59 bytes' "$(wc -c <"$work/body" | tr -d ' ')" 59
is 'with a challenge' "$(header www-authenticate)" 'Bearer realm=api.cc.email'
five=$(curl -qsS --noproxy '*' --max-time 20 -H "Authorization: Bearer $access" -w '%{http_code} ' \
  -o "$work/call-#1" "$api/contacts?limit=[1-5]")
is 'the fifth call within a second is refused' "$five" '200 200 200 200 429 '
is 'as throttled' "$(json "$work/call-5" "v['error_key']")" throttled
is 'the journal can be read' "$(lever journal)" 200
is 'and has what arrived' "$(body "[e['status'] for e in v]")" '[401, 200, 200, 200, 200, 429]'
pause
is 'a fault is ordered' "$(lever faults -d '{"kind":"error503","path":"/v3/contacts","times":1}')" 204
is 'the next call fails' "$(contacts)" 503
is 'and only that one' "$(contacts)" 200
is 'the clock is moved to the end of the token' "$(lever clock -d "{\"advance_seconds\":$lives}")" 200
is 'the token has ended' "$(contacts)" 401
is 'the newest refresh token has not' "$(refresh "$new")" 200
