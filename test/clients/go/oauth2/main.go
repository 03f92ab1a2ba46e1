// Signs somebody in with golang.org/x/oauth2 and coreos/go-oidc.
package main

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	. "latchkey.example/clients/program"

	"golang.org/x/oauth2"
)

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, Issuer)
	Must(err)
	config := oauth2.Config{
		ClientID:     ClientID,
		ClientSecret: ClientSecret,
		Endpoint:     provider.Endpoint(),
		RedirectURL:  RedirectURI,
		Scopes:       Scopes,
	}

	verifier, state, nonce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	page := Visit(config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	callback, err := url.Parse(page.URL)
	Must(err)
	if callback.Query().Get("state") != state {
		Must(errors.New("another state: " + page.URL))
	}
	token, err := config.Exchange(ctx, callback.Query().Get("code"), oauth2.VerifierOption(verifier))
	Must(err)
	raw, _ := token.Extra("id_token").(string)
	idToken, err := provider.Verifier(&oidc.Config{ClientID: ClientID}).Verify(ctx, raw)
	Must(err)
	Must(idToken.VerifyAccessToken(token.AccessToken))
	if idToken.Nonce != nonce {
		Must(errors.New("another nonce"))
	}
	Tell("sign in", token.AccessToken)

	user, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	Must(err)
	Tell("userinfo", user.Email)

	token.Expiry = time.Now()
	refreshed, err := config.TokenSource(ctx, token).Token()
	Must(err)
	Tell("refresh", refreshed.AccessToken)
}
