package clients;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.oauth2.sdk.*;
import com.nimbusds.oauth2.sdk.auth.*;
import com.nimbusds.oauth2.sdk.http.*;
import com.nimbusds.oauth2.sdk.id.*;
import com.nimbusds.oauth2.sdk.pkce.*;
import com.nimbusds.oauth2.sdk.token.*;
import com.nimbusds.oauth2.sdk.util.*;
import com.nimbusds.openid.connect.sdk.*;
import com.nimbusds.openid.connect.sdk.op.*;
import com.nimbusds.openid.connect.sdk.token.*;
import com.nimbusds.openid.connect.sdk.validators.*;
import java.io.*;
import java.net.URI;
import java.util.*;
import net.minidev.json.JSONObject;

/** Signs somebody in with the SDK of Nimbus. */
class Nimbus {
  private static final BufferedReader answers = new BufferedReader(new InputStreamReader(System.in));

  public static void main(String[] args) throws Exception {
    Map<String, String> env = System.getenv();
    ClientID id = new ClientID(env.get("CLIENT_ID"));
    URI redirectUri = URI.create(env.get("REDIRECT_URI"));
    Issuer issuer = new Issuer(env.get("ISSUER"));
    OIDCProviderMetadata metadata = OIDCProviderMetadata.resolve(issuer);
    ClientAuthentication secret = new ClientSecretBasic(id, new Secret(env.get("CLIENT_SECRET")));

    CodeVerifier verifier = new CodeVerifier();
    State state = new State();
    Nonce nonce = new Nonce();
    URI request =
        new AuthenticationRequest.Builder(ResponseType.CODE, Scope.parse(env.get("SCOPE")), id, redirectUri)
            .endpointURI(metadata.getAuthorizationEndpointURI())
            .state(state)
            .nonce(nonce)
            .codeChallenge(verifier, CodeChallengeMethod.S256)
            .build()
            .toURI();
    URI answer = visit(request);
    AuthenticationResponse callback = AuthenticationResponseParser.parse(answer);
    if (!callback.indicatesSuccess() || !callback.getState().equals(state)) {
      throw new IllegalStateException("unexpected answer: " + answer);
    }
    AuthorizationCode code = callback.toSuccessResponse().getAuthorizationCode();
    OIDCTokens tokens = getTokens(metadata, secret, new AuthorizationCodeGrant(code, redirectUri, verifier));
    // What a client expects that is registered with no other algorithm.
    new IDTokenValidator(issuer, id, JWSAlgorithm.RS256, metadata.getJWKSetURI().toURL()).validate(tokens.getIDToken(), nonce);
    tell("sign in", tokens.getAccessToken().getValue());

    HTTPResponse userInfo =
        new UserInfoRequest(metadata.getUserInfoEndpointURI(), tokens.getAccessToken()).toHTTPRequest().send();
    tell("userinfo", UserInfoResponse.parse(userInfo).toSuccessResponse().getUserInfo().getEmailAddress());

    OIDCTokens refreshed = getTokens(metadata, secret, new RefreshTokenGrant(tokens.getRefreshToken()));
    AccessToken token = refreshed.getAccessToken();
    tell("refresh", token.getValue());

    ClientAuthentication api =
        new ClientSecretBasic(new ClientID(env.get("API_IDENTIFIER")), new Secret(env.get("API_SECRET")));
    HTTPResponse found =
        new TokenIntrospectionRequest(metadata.getIntrospectionEndpointURI(), api, token).toHTTPRequest().send();
    tell("introspection", TokenIntrospectionResponse.parse(found).toSuccessResponse().getClientID().getValue());

    HTTPResponse revoked =
        new TokenRevocationRequest(metadata.getRevocationEndpointURI(), secret, token).toHTTPRequest().send();
    if (!revoked.indicatesSuccess()) throw new IllegalStateException(revoked.getBody());
    tell("revocation", token.getValue());

    URI afterLogout = URI.create(env.get("POST_LOGOUT_REDIRECT_URI"));
    tell(
        "logout",
        visit(new LogoutRequest(metadata.getEndSessionEndpointURI(), tokens.getIDToken(), afterLogout, new State()).toURI())
            .toString());
  }

  private static OIDCTokens getTokens(OIDCProviderMetadata metadata, ClientAuthentication secret, AuthorizationGrant grant)
      throws Exception {
    HTTPResponse response = new TokenRequest(metadata.getTokenEndpointURI(), secret, grant).toHTTPRequest().send();
    TokenResponse tokens = OIDCTokenResponseParser.parse(response);
    if (!tokens.indicatesSuccess()) throw new IllegalStateException(response.getBody());
    return ((OIDCTokenResponse) tokens.toSuccessResponse()).getOIDCTokens();
  }

  private static void tell(String step, String what) throws Exception {
    say(Map.of("step", step, "what", what));
  }

  private static URI visit(URI url) throws Exception {
    return URI.create((String) say(Map.of("visit", url.toString())).get("url"));
  }

  private static Map<String, Object> say(Map<String, Object> line) throws Exception {
    System.out.println(JSONObject.toJSONString(line));
    return JSONObjectUtils.parse(answers.readLine());
  }
}
