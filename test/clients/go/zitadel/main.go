// Signs somebody in with the relying party of zitadel/oidc, as its example does, and protects an API by introspection with its
// resource server.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	. "latchkey.example/clients/program"
)

type signedIn struct {
	AccessToken  string
	RefreshToken string
	IDToken      string
	Email        string
}

func main() {
	ctx := context.Background()
	key := make([]byte, 32)
	_, err := rand.Read(key)
	Must(err)
	cookies := httphelper.NewCookieHandler(key, key, httphelper.WithUnsecure())
	party, err := rp.NewRelyingPartyOIDC(ctx, Issuer, ClientID, ClientSecret, RedirectURI, Scopes,
		rp.WithCookieHandler(cookies), rp.WithPKCE(cookies))
	Must(err)

	callback, err := url.Parse(RedirectURI)
	Must(err)
	show := func(w http.ResponseWriter, r *http.Request, tokens *oidc.Tokens[*oidc.IDTokenClaims], state string, _ rp.RelyingParty, user *oidc.UserInfo) {
		_ = json.NewEncoder(w).Encode(signedIn{tokens.AccessToken, tokens.RefreshToken, tokens.IDToken, user.Email})
	}
	http.Handle("/login", rp.AuthURLHandler(rand.Text, party))
	http.Handle(callback.Path, rp.CodeExchangeHandler(rp.UserinfoCallback(show), party))
	listener, err := net.Listen("tcp", callback.Host)
	Must(err)
	go func() { Must(http.Serve(listener, nil)) }()

	page := Visit("http://" + callback.Host + "/login")
	var user signedIn
	if err := json.Unmarshal([]byte(page.Body), &user); err != nil {
		Must(errors.New("unexpected page " + page.URL + ": " + page.Body))
	}
	Tell("sign in", user.AccessToken)
	Tell("userinfo", user.Email)

	refreshed, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, party, user.RefreshToken, "", "")
	Must(err)
	Tell("refresh", refreshed.AccessToken)

	server, err := rs.NewResourceServerClientCredentials(ctx, Issuer, APIIdentifier, APISecret)
	Must(err)
	found, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, refreshed.AccessToken)
	Must(err)
	Tell("introspection", found.ClientID)

	Must(rp.RevokeToken(ctx, party, refreshed.AccessToken, "access_token"))
	Tell("revocation", refreshed.AccessToken)

	// Posts the request for logout itself, and returns where it is redirected: there the browser goes on.
	end, err := rp.EndSession(ctx, party, user.IDToken, PostLogoutRedirectURI, "", "", nil)
	Must(err)
	Tell("logout", Visit(end.String()).URL)
}
