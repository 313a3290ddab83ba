/// Sound payloads of sensors and files of loggers.
enum TelemetrySamples {
    /// Device and metric are those of the topic.
    static let payloads = [
        #"{"device":"a","metric":"b","value":4.5,"unit":"Cel","time":1700000000,"seq":12}"#,
        #"[{"device":"a","metric":"b","value":-1e-3,"unit":"%RH","time":"2026-11-22T10:00:00Z"}]"#,
        #"{"device":"\u0061","value":1e308,"unit":"l\u0078","x\u00e9":"\ud83d\ude00","time":1.5e9,"session":"s"}"#,
    ]

    /// RFC 8428 sections 5.1.2 (at a time; a stream), 5.1.3, 5.1.5, 5.1.6 and 5.1.7, shortened; and the fields that
    /// those lack.
    static let packs = [
        #"[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","#
            + #""v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","v":1.7}]"#,
        #"[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":21.2},"#
            + #"{"t":10,"v":21.3},{"t":20,"v":21.4},{"t":30,"v":21.4},{"t":40,"v":21.5}]"#,
        #"[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},{"u":"lon","v":24.30621},"#
            + #"{"u":"lat","v":60.07965},{"t":60,"v":20.3},{"u":"%EL","t":150,"v":98}]"#,
        #"[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"Machine Room"},"#
            + #"{"n":"open","vb":false},{"n":"nfv-reader","vd":"aGkgCg"}]"#,
        #"[{"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},"#
            + #"{"bn":"2001:db8::1/","n":"humidity","u":"%RH","v":67}]"#,
        #"[{"bn":"urn:dev:ow:10e2073a01080063:"},{"n":"temp","u":"Cel","v":23.1},{"n":"fan","u":"/","v":0}]"#,
        #"[{"bn":"a:","bv":1e2,"bs":-3,"bu":"mm","bt":-1.5,"n":"b","v":2.5,"s":4,"ut":60,"x":[{"y":null}]},"#
            + #"{"n":"c","v":1e-300,"t":0.000001},{"n":"b","s":1e15,"u":"mA"}]"#,
        #"[{"n":"a:b","v":1},{"n":"a:b","v":1},{"n":"a:b","v":1}]"#,
    ]

    /// The dump in RFC 8428 section 6, shortened; the pack with all types, the thermostat and the lights as CBOR; and
    /// what those lack: indefinite lengths, a decimal fraction, a half, a sum and a label that may be ignored.
    static let binaryPacks = [
        "83a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c7461"
            + "676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062102f93e00",
        "84a421781c75726e3a6465763a6f773a313065323037336130313038303036333a006474656d70016343656c02fb4037199999999999"
            + "a200656c6162656c036c4d616368696e6520526f6f6da200646f70656e04f4a2006a6e66762d72656164657208446869200a",
        "84a121781c75726e3a6465763a6f773a313065323037336130313038303036333aa3006474656d70016343656c02fb40371999999999"
            + "99a300646865617401612f0201a3006366616e01612f0200",
        "84a422fb41d3abb31740000023612f006b323030313a6462383a3a3302fb3fe0000000000000a2006b323030313a6462383a3a3402fb"
            + "3fe0000000000000a3006b323030313a6462383a3a3306fb3fb999999999999a0200a3006b323030313a6462383a3a3406fb3fb99999"
            + "9999999a0200",
        "9fbf217f62613a6162ff24c48221190105250106c482200f00616202f93c00050107183c1878f56178a161799ff6820102ffff"
            + "a3006163021b0020000000000000061a00015180a3006162021903e8063863ff",
        "9fa20063613a620201a20063613a620201a20063613a620201ff",
    ].map(bytes)

    /// For maps of one place, of several, of all members and of a bare value.
    static let mapped = [
        #"{"id":"t1","boot":7,"d":[{"m":"temp","v":5.25,"u":"Cel","t":1772366400.25,"n":7},"#
            + #"{"m":"door","v":true,"t":"2026-03-01T12:00:00Z","n":8},{"m":"a","v":"41 [degF]"},{"m":"b","v":null}]}"#,
        #"{"id":"t1","d":{"m":"temp","v":"5.25","u":"K"},"t":-1e3}"#,
        #"{"a":[{"y":[],"x":41},{"x":1}],"hum":"40.5","t":1772366400250}"#,
        #"[{"temp":278.15,"hum":40,"id":"a","t":1772366400250000,"n":18446744073709551615},{"ok":false,"x":{"y":[1]}}]"#,
        #"{"d":[{"m":"a","v":1},{"m":"a","v":1},{"m":"a","v":1}],"id":"b"}"#,
        "temp=5.2 hum=40, ok=true;id=a&t=1772366400250000",
        "temp=41[degF];hum=4e1,t=", "21.5", " +5.2 Cel\r\n", "true",
    ]

    /// Each begins with the birth of a node, as protoc writes it.
    static let sequences: [[UInt8]] = [
        [
            ("NBIRTH/gw", nodeBirth), ("NDATA/gw", nodeData), ("DBIRTH/gw/fridge", deviceBirth),
            ("DDATA/gw/fridge", deviceData), ("DDEATH/gw/fridge", deviceDeath), ("NDEATH/gw", nodeDeath),
        ],
        [("NBIRTH/gw", nodeBirth), ("NDATA/gw", nodeData), ("NBIRTH/gw", nodeBirth), ("NDATA/gw", nodeData)],
        [("NBIRTH/gw", types)], [("NBIRTH/gw", narrow)], [("NBIRTH/gw", offsets), ("NDATA/gw", offsetsLater)],
    ].map { messages in
        MessageSequence(messages.map { ("spBv1.0/ward/" + $0, bytes($1)) }).bytes
    }

    private static let nodeBirth =
        "08809494caca3312120a05626453657118809494caca332008580312230a144e6f646520436f6e74726f6c2f52656269727468100118"
        + "809494caca33200b700012450a0b74656d7065726174757265100218819494caca33200a4a220a075175616c6974790a07656e67556e"
        + "69741205080318c0011207080c420343656c69000000000000124012250a0868756d6964697479100320094a100a05756e6974731207"
        + "080c4203255248650000264212110a09646f6f722f6f70656e1004200b700112140a0673657269616c1005200c7a06542d3038313512"
        + "0f0a066f666673657410ac022003380112250a057461626c65100720108a011708021201611201621803180c22090a0208010a033201"
        + "7812230a056d6f746f7210082013920115120a0a0372706d200350840722054d6f746f7228001800"
    private static let nodeData =
        "08e0e897caca331212100218ece497caca3369000000000000154012101003"
        + "1880dffbc9ca3328016500002142120410047000120910ac0250ffffffff0f1801"
    private static let deviceBirth =
        "08e89b94caca33121b0a1544657669636520436f6e74726f6c2f5265626f6f74200b7000122e0a087072657373757265101418e89b94"
        + "caca3320094a120a07656e67556e69741207080c4203626172650000c03f1802"
    private static let deviceData = "08c8f097caca33120e101418c8f097caca33650000a03f1803"
    private static let deviceDeath = "08b0f897caca331804"
    private static let nodeDeath = "08988c94caca33120b0a05626453657120085803"
    private static let types =
        "08809494caca33120e0a04696e743820015080ffffff0f120f0a05696e7431362002508080feff0f120f0a05696e7433322003508080"
        + "80800812140a05696e74363420045880808080808080808001120c0a0575696e7438200550ff01120e0a0675696e743136200650ffff"
        + "0312100a0675696e743332200750ffffffff0f12150a0675696e743634200858ffffffffffffffffff01120e0a05666c6f6174200965"
        + "000000bf12130a06646f75626c65200a6959f3f8c21f6ea501120d0a07626f6f6c65616e200b7001120d0a06737472696e67200c7a01"
        + "6112130a086461746574696d65200d58809494caca33120c0a0474657874200e7a02c3a9122e0a0475756964200f7a24303030303030"
        + "30302d303030302d343030302d383030302d30303030303030303030303112150a076461746173657420108a01070801120161180312"
        + "0e0a056279746573201182010200ff122b0a0466696c652012421a120f6170706c69636174696f6e2f70646618042a05612e70646682"
        + "01042550444612120a0874656d706c617465201392010322015412110a06696e7431367320178201040100ffff1800"
    private static let narrow =
        "08809494caca33120b0a04696e7438200150ff01120d0a05696e743136200250d4fd03120f0a05696e74333220035090ddfbff0f1214"
        + "0a05696e743634200458fbffffffffffffffff0112100a0675696e74333220075880d0acf30e1800"
    /// `offset` without a unit and data of equal metrics.
    private static let offsets = "12110a066f6666736574100120096500004841380012090a01621002200a38011800"
    private static let offsetsLater = "1207100165000048411207100165000048411207100165000048411801"

    static let loggerFiles = [
        "2026-03-13T22:50:00Z,4.5\n2026-03-13T23:00:00Z,-5.25\n2026-03-14T01:10:00+02:00,6\n",
        "Zeit;Temperatur\n13.03.2026 22:50;4,5\n13.03.2026 23:00;-5,25\n13.03.2026 23:10;+6\n",
        "\"Time\"\t\"°C\"\n\"13/03/2026 22:50\"\t\"4,5\"\n\"13/03/2026 23:00\"\t\"-5,25\"\n",
        "n,at,value\n1,03/13/2026 10:50 PM,4.5\n2,03/13/2026 11:00 PM,-5.25\n3,03/13/2026 11:10:00 PM,6\n",
        "1773442200,4.5\n1773442800.5,-5.25\n1773443400,6\n", "1773443400000,6\n1773442800000,8.5\n1773442200000,4\n",
        "No;Date;Time;Temp (°C);RH\n1;13.03.2026;22:50:00;4,5;40\n2;13.03.2026;23:00:00;-5,25;40\n",
        "# a logger\nSerial,77\nStarted,2026-03-13 22:40,interval,10\n\nRH,Time,Battery,Temperature °F\n"
            + "1,2026-03-13 22:50,3.1,40.5\n# moved\n\n1,2026-03-13 23:00,3.1,-5.25\n1,2026-03-13 23:10,3.1,16\n",
        "time,T (K)\n2026-03-13T22:50:00Z,277.65\n2026-03-13T23:00:00Z,267.9 K\n2026-03-13T23:10:00Z,41 °F\n",
        "1773442200,1\n1773442201,1\n1773442202,1\n1773442203,9\n",
    ]

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
